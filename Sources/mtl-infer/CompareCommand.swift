import ArgumentParser
import DataSets
import ImageFiles
import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks
import TaskPictures

/// `mtl-infer compare`: a shared model against models of single tasks.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare a multitask model with models of its single tasks: accuracy, time, memory, size.",
    discussion: """
      MULTI and each SINGLE is a model as 'run' takes it. Tasks belong together by name. With --data each task's metrics
      are compared as well; Delta_m is the mean over tasks of the gain in the first metric, positive where sharing paid.
      """)

  @Argument(help: "The multitask model.")
  var multi: String

  @Argument(help: "Models of single tasks.")
  var singles: [String]

  @Option(help: ArgumentHelp("Data set, as 'eval' takes it.", valueName: "dataset"))
  var data: String?

  @Option(help: ArgumentHelp("Pictures to measure at most.", valueName: "n"))
  var limit: Int?

  @Option(help: ArgumentHelp("Recipe of a bare checkpoint of the multitask model.", valueName: "name"))
  var network: String?

  @Option(help: ArgumentHelp("Threads to use; every processor this process may use if left out.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Timed runs of each model.", valueName: "n"))
  var runs = 20

  @Option(name: .customLong("out"), help: ArgumentHelp("A chart of the comparison.", valueName: "file.png"))
  var chart: String?

  @OptionGroup var pages: PageOptions

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit).") }
    if !(1...100_000).contains(runs) { throw ValidationError("--runs must be 1 to 100000, not \(runs).") }
  }

  func run() throws {
    try reporting {
      if let chart { try checkWritable(chart) }
      let shared = try Model.open(path: multi, network: network)
      let others = try singles.map { (path: $0, model: try Model.open(path: $0, network: nil)) }
      let pairs = try matched(shared, others.map(\.model))
      var lines: [Comparison.Line] = []
      if let data { lines = try measure(shared, others.map(\.model), pairs, DataSet.open(data), data) }
      let cost = try ModelCost.measure(shared, path: multi, network: network, threads: threads, runs: runs)
      let each = try others.map {
        try ModelCost.measure($0.model, path: $0.path, network: nil, threads: threads, runs: runs)
      }
      let comparison = Comparison(shared: cost, singles: each.dropFirst().reduce(each[0], +), lines: lines)
      if let chart { try draw(comparison, to: chart) }
      if json { try printJSON(comparison) } else { try print(comparison) }
    }
  }

  /// For each task of the shared model the single model that has it: by name.
  private func matched(_ shared: Model, _ singles: [Model]) throws(MTLError) -> [(task: String, single: Int)] {
    var pairs: [(task: String, single: Int)] = []
    for task in shared.tasks {
      let owners = singles.indices.filter { singles[$0].tasks.contains { $0.name == task.name } }
      guard owners.count < 2 else {
        throw MTLError(
          .badFormat, "task '\(task.name)'", "is in \(owners.map { singles[$0].name }.joined(separator: " and "))")
      }
      if let owner = owners.first { pairs.append((task.name, owner)) }
    }
    let unused = singles.indices.filter { index in !pairs.contains { $0.single == index } }
    guard unused.isEmpty else {
      let names = unused.flatMap { singles[$0].tasks.map(\.name) }.joined(separator: ", ")
      throw MTLError(
        .badFormat, "single model '\(singles[unused[0]].name)'",
        expected: "a task of the multitask model: \(shared.tasks.map(\.name).joined(separator: ", "))", found: names)
    }
    for task in shared.tasks where !pairs.contains(where: { $0.task == task.name }) {
      warn("no single model has '\(task.name)'")
    }
    return pairs
  }

  private func measure(
    _ shared: Model, _ singles: [Model], _ pairs: [(task: String, single: Int)], _ set: DataSet, _ path: String
  ) throws(MTLError) -> [Comparison.Line] {
    let runtime = try Runtime(threads: threads ?? 0)
    let samples = set.samples.prefix(limit ?? .max)
    var progress = ProgressBar(total: samples.count * (singles.count + 1))
    var done = 0
    var metrics: [[String: TaskMetric]] = []
    for model in [shared] + singles {
      let session = try InferenceSession(model, runtime: runtime)
      let (readers, _) = try Evaluation.readers(session, set, path: path)
      var evaluation = Evaluation(session, readers, dataSet: path)
      for sample in samples {
        evaluation.add(sample, session, readers, textHeight: pages.textHeight)
        done += 1
        progress.update(done)
      }
      progress.clear()
      if let first = evaluation.failures.first {
        // Models would be compared on different pictures.
        throw MTLError(.badFormat, first.name, "\(first.error); \(evaluation.failures.count) pictures failed")
      }
      metrics.append(evaluation.metrics)
    }
    return pairs.flatMap { pair -> [Comparison.Line] in
      let own = metrics[0][pair.task]?.figures ?? []
      let other = metrics[pair.single + 1][pair.task]?.figures ?? []
      // A figure that only one of them has, as of sizes of objects that do not occur, says nothing.
      return own.compactMap { figure in
        other.first { $0.name == figure.name }.map {
          Comparison.Line(task: pair.task, figure: figure, single: $0.value)
        }
      }
    }
  }

  private static func gain(_ value: Double?) -> String { value.map { Format.signed($0) + " %" } ?? "" }

  /// Names, numbers of the shared model and of the single ones, and how many decimals they have.
  private func costs(_ comparison: Comparison) -> [(name: String, shared: Double, singles: Double, decimals: Int)] {
    let (one, many) = (comparison.shared, comparison.singles)
    return [
      ("time ms", one.timeMs, many.timeMs, 2), ("peak memory MiB", one.peakMib, many.peakMib, 1),
      ("file MiB", one.fileMib, many.fileMib, 1),
      ("parameters", Double(one.parameters), Double(many.parameters), 0),
      ("multiply-accumulates", Double(one.macs), Double(many.macs), 0),
    ]
  }

  private func print(_ comparison: Comparison) throws {
    if !comparison.lines.isEmpty {
      var table = TextTable([
        ("task", .left), ("metric", .left), ("shared", .right), ("single", .right), ("gain", .right),
      ])
      for line in comparison.lines {
        table.add([
          line.task, line.figure.name, Format.decimals(line.figure.value, 4), Format.decimals(line.single, 4),
          CompareCommand.gain(line.gain),
        ])
      }
      try writeLine(table.text)
      try writeLine(
        "Delta_m \(CompareCommand.gain(comparison.deltaM)), LibMTL's Delta_p \(CompareCommand.gain(comparison.deltaP))\n"
      )
    }
    var table = TextTable([("", .left), ("shared", .right), ("singles", .right), ("shared / singles", .right)])
    for (name, shared, singles, decimals) in costs(comparison) {
      table.add([
        name, Format.decimals(shared, decimals), Format.decimals(singles, decimals),
        Format.decimals(shared / singles, 2),
      ])
    }
    try writeLine(table.text)
  }

  private func draw(_ comparison: Comparison, to path: String) throws(MTLError) {
    var chart = BarChart(title: "one shared model against \(singles.count) of single tasks")
    if !comparison.lines.isEmpty {
      chart.add(
        "gain in each metric, percent of the single model",
        comparison.lines.compactMap { line in
          line.gain.map {
            BarChart.Bar(
              label: "\(line.task): \(line.figure.name)", value: $0, note: CompareCommand.gain($0), isGood: $0 >= 0)
          }
        })
    }
    chart.add(
      "cost saved, percent of all single models together",
      costs(comparison).map { cost in
        let saved = 100 * (1 - cost.shared / cost.singles)
        return BarChart.Bar(label: cost.name, value: saved, note: CompareCommand.gain(saved), isGood: saved >= 0)
      })
    let raster = try chart.draw()
    try writeFile(
      ImageFile.encodePNG(width: raster.width, height: raster.height, channels: 3, pixels: raster.pixels), to: path)
  }
}
