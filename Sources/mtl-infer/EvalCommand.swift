import ArgumentParser
import DataSets
import FoundationEssentials
import Glibc
import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks

/// `mtl-infer eval`: a model's metrics on a data set.
struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Measure each task of a model on a labelled data set.",
    discussion: """
      DATASET is a folder with image/, label/, depth/ and normal/ of NumPy arrays (NYUv2 and Cityscapes as LibMTL and mtan
      keep them) or of pictures and PNG maps, a folder of pictures named as in UTKFace or Fingers, a CSV file with the
      columns 'file' and one for each task, or COCO's JSON of boxes and key points. What cannot be read or has labels that the model does not know is reported, counted and left out.
      """)

  @OptionGroup var options: ModelOptions

  @Argument(help: ArgumentHelp("Folder, CSV file or COCO's JSON.", valueName: "dataset"))
  var dataSet: String

  @Option(help: ArgumentHelp("Pictures to measure at most.", valueName: "n"))
  var limit: Int?

  @Option(
    help: ArgumentHelp("File that keeps what is measured, to go on with after an interruption.", valueName: "file"))
  var state: String?

  @OptionGroup var pages: PageOptions

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  private static let secondsBetweenSaves = 20.0

  private struct Report: Encodable {
    struct Task: Encodable {
      let kind: String
      /// That the data set says something of, and that did not fail.
      let pictures: Int
      let figures: [Figure]
      /// What the model's card compares with, and the gain over it in percent.
      let baselines: [Baseline]?
    }

    struct Baseline: Encodable {
      let figure: String
      let value: Double
      let gain: Double?

      init(_ baseline: TaskConvention.Baseline, _ figures: [Figure]) {
        (figure, value) = (baseline.figure, baseline.value)
        gain = figures.first { $0.name == baseline.figure }.flatMap { $0.gain(over: baseline.value) }
      }
    }

    let model: String
    let dataset: String
    let layout: String
    let pictures: Int
    let tasks: [String: Task]
    let failures: [Evaluation.Failure]
  }

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit).") }
  }

  func run() throws {
    try reporting {
      let set = try DataSet.open(dataSet)
      let model = try options.openModel()
      let session = try options.session(for: model)
      let (readers, notes) = try Evaluation.readers(session, set, path: dataSet)
      for note in notes { warn(note) }
      let fingerprint = state.map { _ in Evaluation.fingerprint(session, set, textHeight: pages.textHeight) }
      let new = Evaluation(session, readers, dataSet: dataSet, fingerprint: fingerprint ?? 0)
      var evaluation = try resumed(new) ?? new
      // What cannot be saved is found before there is something to lose.
      try save(evaluation)
      try measure(set, session, readers, &evaluation)
      for note in remarks(evaluation, session) { warn(note) }
      try print(evaluation, set, session)
      guard evaluation.failures.isEmpty else { throw ExitStatus.badData }
    }
  }

  private func measure(
    _ set: DataSet, _ session: InferenceSession, _ readers: [Int: TruthReader], _ evaluation: inout Evaluation
  ) throws {
    let samples = set.samples.prefix(limit ?? .max)
    var progress = ProgressBar(total: samples.count)
    var saved = Date()
    for sample in samples.dropFirst(evaluation.done) {
      let known = evaluation.failures.count
      evaluation.add(sample, session, readers, textHeight: pages.textHeight)
      for failure in evaluation.failures[known...] {
        progress.clear()
        warn("\(failure.name): \(failure.error)")
      }
      progress.update(evaluation.done)
      if state != nil, Date().timeIntervalSince(saved) > EvalCommand.secondsBetweenSaves {
        try save(evaluation)
        saved = Date()
      }
    }
    progress.clear()
    try save(evaluation)
  }

  private func save(_ evaluation: Evaluation) throws {
    guard let state else { return }
    try writeFile(Array(JSONEncoder().encode(evaluation)), to: state)
  }

  /// What an earlier run of the same model on the same data set has measured.
  private func resumed(_ new: Evaluation) throws -> Evaluation? {
    guard let state, let data = FileManager.default.contents(atPath: state), !data.isEmpty else { return nil }
    guard let found = try? JSONDecoder().decode(Evaluation.self, from: data) else {
      throw MTLError(.badFormat, state, "is no state of an evaluation")
    }
    guard found.canGoOn(as: new) else {
      let isOther = found.model != new.model || found.dataSet != new.dataSet
      throw MTLError(
        .badFormat, state, expected: "a state of \(new.model) on \(new.dataSet)",
        found: isOther
          ? "\(found.model) on \(found.dataSet)" : "one with other weights, another description, options or data")
    }
    guard found.done <= limit ?? .max else {
      throw MTLError(.badFormat, state, expected: "at most --limit \(limit ?? 0) pictures", found: "\(found.done)")
    }
    return found
  }

  /// What a user should know of the figures.
  private func remarks(_ evaluation: Evaluation, _ session: InferenceSession) -> [String] {
    let pictures = evaluation.done - evaluation.failures.count
    return session.tasks.map { session.model.tasks[$0] }.flatMap { task -> [String] in
      guard let figures = evaluation.metrics[task.name]?.figures else { return [] }
      let count = evaluation.counts[task.name] ?? 0
      var remarks: [String] = []
      if count < pictures {
        remarks.append("is measured on \(count) of \(pictures) pictures: the others say nothing of it")
      }
      if figures.isEmpty, count > 0 {
        remarks.append("has no figures: the truths of all pictures are invalid or empty")
      }
      remarks += task.convention.baselines.filter { own in !figures.contains { $0.name == own.figure } }
        .map { "has no figure '\($0.figure)' to compare with the baseline" }
      return remarks.map { "task '\(task.name)' \($0)" }
    }
  }

  private func print(_ evaluation: Evaluation, _ set: DataSet, _ session: InferenceSession) throws {
    let measured = session.tasks.map { session.model.tasks[$0] }.filter { evaluation.metrics[$0.name] != nil }
    guard !json else {
      var tasks: [String: Report.Task] = [:]
      for task in measured {
        let figures = evaluation.metrics[task.name]?.figures ?? []
        let baselines = task.convention.baselines.map { Report.Baseline($0, figures) }
        tasks[task.name] = Report.Task(
          kind: task.kind.rawValue, pictures: evaluation.counts[task.name] ?? 0, figures: figures,
          baselines: baselines.isEmpty ? nil : baselines)
      }
      return try printJSON(
        Report(
          model: evaluation.model, dataset: dataSet, layout: set.layout,
          pictures: evaluation.done - evaluation.failures.count, tasks: tasks, failures: evaluation.failures))
    }
    var table = TextTable([
      ("task", .left), ("metric", .left), ("value", .right), ("", .left), ("baseline", .right), ("gain", .right),
    ])
    for task in measured {
      for figure in evaluation.metrics[task.name]?.figures ?? [] {
        let baseline = task.convention.baselines.first { $0.figure == figure.name }
        table.add([
          task.name, figure.name, Format.decimals(figure.value, 4),
          [figure.unit ?? "", figure.isHigherBetter ? "(higher is better)" : "(lower is better)"]
            .filter { !$0.isEmpty }.joined(separator: " "),
          baseline.map { Format.decimals($0.value, 4) } ?? "",
          baseline.flatMap { figure.gain(over: $0.value) }.map { Format.signed($0) + " %" } ?? "",
        ])
      }
    }
    try writeLine("\(evaluation.model) on \(evaluation.done - evaluation.failures.count) pictures, \(set.layout)")
    try writeLine(table.text)
    if !evaluation.failures.isEmpty {
      warn("\(evaluation.failures.count) of \(evaluation.done) pictures failed and are left out")
    }
  }
}
