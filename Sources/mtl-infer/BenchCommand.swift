import ArgumentParser
import FoundationEssentials
import MTLGraph
import MTLInfer

/// `mtl-infer bench`: how long the encoder, each head and the whole take.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time a model at its input size: encoder, each head, whole.")

  @OptionGroup var options: ModelOptions

  @Option(help: ArgumentHelp("Counted runs.", valueName: "n"))
  var runs = 100

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  private struct Times: Encodable {
    let medianMs: Double
    let p99Ms: Double
    let runs: Int

    init(_ nanoseconds: [UInt64]) {
      let sorted = nanoseconds.sorted()
      medianMs = Double(sorted[sorted.count / 2]) / 1e6
      p99Ms = Double(sorted[min(sorted.count - 1, sorted.count * 99 / 100)]) / 1e6
      runs = sorted.count
    }
  }

  private struct Report: Encodable {
    let threads: Int
    let isa: String
    let precision: String
    let whole: Times
    let encoder: Times
    let heads: [String: Times]
    /// Of the whole process, in MiB; nil where the system does not tell.
    let peakMib: Double?
  }

  /// Peak of resident memory since the program started. `getrusage` would also count what the process was before.
  private static var peakMib: Double? {
    guard let data = FileManager.default.contents(atPath: "/proc/self/status"),
      let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
    else { return nil }
    return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Double($0) }.map { $0 / 1024 }
  }

  func validate() throws {
    if !(1...1_000_000).contains(runs) { throw ValidationError("--runs must be 1 to 1000000, not \(runs).") }
  }

  func run() throws {
    try reporting {
      let model = try options.openModel()
      let session = try options.session(for: model)
      let report = try measure(model, session)
      if json { return try printJSON(report) }
      var table = TextTable([("part", .left), ("median ms", .right), ("p99 ms", .right)])
      let heads = session.tasks.map { model.tasks[$0].name }.map { ($0, report.heads[$0]) }
      for (name, times) in [("encoder", Optional(report.encoder))] + heads + [("whole", report.whole)] {
        if let times { table.add([name, Format.decimals(times.medianMs, 3), Format.decimals(times.p99Ms, 3)]) }
      }
      try writeLine(
        "\(model.name): \(report.precision), \(report.isa), \(report.threads) threads, \(report.whole.runs) runs, "
          + "\(report.peakMib.map { Format.decimals($0, 0) } ?? "?") MiB at peak")
      try writeLine(table.text)
    }
  }

  private func measure(_ model: Model, _ session: InferenceSession) throws(MTLError) -> Report {
    let input = pattern(model.input.shape(batch: 1))
    var whole: [UInt64] = []
    var encoder: [UInt64] = []
    var heads = [[UInt64]](repeating: [], count: model.tasks.count)
    let warmUps = 5
    for run in 0..<runs + warmUps {
      try session.run(tensor: input).recycle()
      guard run >= warmUps else { continue }
      let statistics = try session.statistics()
      whole.append(statistics.totalNanoseconds)
      encoder.append(statistics.encoderNanoseconds)
      for task in session.tasks { heads[task].append(try session.headNanoseconds(task: task)) }
    }
    var headTimes: [String: Times] = [:]
    for task in session.tasks { headTimes[model.tasks[task].name] = Times(heads[task]) }
    return Report(
      threads: try session.statistics().threads, isa: session.instructionSet.name, precision: "fp32",
      whole: Times(whole), encoder: Times(encoder), heads: headTimes,
      peakMib: BenchCommand.peakMib)
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
