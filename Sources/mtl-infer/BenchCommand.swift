import ArgumentParser
import MTLEngine
import MTLGraph
import MTLInfer

/// `mtl-infer bench`: how long the encoder, each head and the whole take.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time a model at its input size: encoder, each head, whole.")

  @OptionGroup var options: ModelOptions

  @Option(help: ArgumentHelp("Counted runs.", valueName: "n"))
  var runs = 100

  @Flag(help: "Show each step of the plan, and its share of what the processor's arithmetic can reach.")
  var layers = false

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func validate() throws {
    if !(1...1_000_000).contains(runs) { throw ValidationError("--runs must be 1 to 1000000, not \(runs).") }
  }

  private static let warmUps = 5

  func run() throws {
    try reporting {
      let model = try options.openModel()
      let session = try options.session(for: model)
      let report = try measure(model, session)
      if json {
        try printJSON(report)
      } else {
        try writeLine(report.text(model.name, session.tasks.map { model.tasks[$0].name }))
      }
    }
  }

  private func measure(_ model: Model, _ session: InferenceSession) throws(MTLError) -> BenchReport {
    let input = pattern(inputShape(of: model))
    var whole: [UInt64] = []
    var encoder: [UInt64] = []
    var heads = [[UInt64]](repeating: [], count: model.tasks.count)
    var steps: [[PlanStep]] = []
    var peaks: [NumberFormat: [Double]] = [:]
    for run in 0..<runs + BenchCommand.warmUps {
      // Between the runs, since the clock rate and other guests of the machine change.
      if layers, run % max(runs / 8, 1) == 0 {
        for numbers in Set(try session.planDescription().map(\.numbers)).union([.floats]) {
          peaks[numbers, default: []].append(try session.measuredPeak(of: numbers))
        }
      }
      try session.run(tensor: input).recycle()
      guard run >= BenchCommand.warmUps else { continue }
      let statistics = try session.statistics()
      whole.append(statistics.totalNanoseconds)
      encoder.append(statistics.encoderNanoseconds)
      for task in session.tasks { heads[task].append(try session.headNanoseconds(task: task)) }
      if layers { steps.append(try session.planDescription()) }
    }
    var headTimes: [String: BenchReport.Times] = [:]
    for task in session.tasks { headTimes[model.tasks[task].name] = BenchReport.Times(heads[task]) }
    var report = BenchReport(
      threads: try session.statistics().threads, isa: session.instructionSet.name, precision: model.precision.rawValue,
      whole: BenchReport.Times(whole), encoder: BenchReport.Times(encoder), heads: headTimes,
      peakMib: BenchReport.peakMib)
    if let first = steps.first {
      let medians = peaks.mapValues { $0.sorted()[$0.count / 2] }
      func rate(_ numbers: NumberFormat) -> Double? { medians[numbers].map { $0 / 1e9 } }
      (report.peakGmacs, report.peakGmacsInt8, report.peakGmacsBf16) = (rate(.floats), rate(.bytes), rate(.halves))
      report.layers = first.indices.map { index in
        BenchReport.Layer(first[index], steps.map { $0[index].nanoseconds }, peaks: medians, model)
      }
    }
    return report
  }

  /// One picture of the default size, or what the model's input has to be.
  private func inputShape(of model: Model) -> Shape {
    let picture = model.input.shape(batch: 1)
    guard model.inputs.count == 1, model.inputs[0].dimensions.count == picture.rank else { return picture }
    return Shape(zip(model.inputs[0].dimensions, picture.dimensions).map { $0 ?? $1 })
  }

  /// Numbers between -1 and 1 without a pattern that a network would answer with zeros.
  private func pattern(_ shape: Shape) -> Tensor {
    var state: UInt32 = 1
    let values = (0..<shape.elementCount).map { _ -> Float in
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) / Float(1 << 23) - 1
    }
    return Tensor(values, shape: shape)
  }
}
