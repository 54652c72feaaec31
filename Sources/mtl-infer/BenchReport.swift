import FoundationEssentials
import MTLEngine
import MTLGraph
import MTLInfer

/// What `bench` says; the names are those of its JSON.
struct BenchReport: Encodable {
  struct Times: Encodable {
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

  /// One step of the plan.
  struct Layer: Encodable {
    let node: String
    let part: String
    let kernel: String
    let macs: Int
    let medianMs: Double
    /// Of what arithmetic alone reaches; nil for steps without multiply-accumulates.
    let shareOfPeak: Double?

    /// - Parameter peaks: multiply-accumulates in a second of the numbers that steps multiply.
    init(_ step: PlanStep, _ nanoseconds: [UInt64], peaks: [NumberFormat: Double], _ model: Model) {
      (node, part, kernel) = (step.node, step.segment.name(in: model), step.kernel)
      macs = step.multiplyAccumulates
      medianMs = Times(nanoseconds).medianMs
      let peak = peaks[step.numbers] ?? 0
      shareOfPeak = macs == 0 || medianMs == 0 || peak == 0 ? nil : Double(macs) / (medianMs / 1e3) / peak
    }
  }

  let threads: Int
  let isa: String
  let precision: String
  let whole: Times
  let encoder: Times
  let heads: [String: Times]
  /// Of the whole process, in MiB; nil where the system does not tell.
  let peakMib: Double?
  /// What arithmetic alone reaches on these threads, measured between the runs, in 1e9 multiply-accumulates a second.
  var peakGmacs: Double?
  /// The same of the numbers that the plan multiplies besides: what convolutions in the nearest caches reach.
  var peakGmacsInt8: Double?
  var peakGmacsBf16: Double?
  var layers: [Layer]?

  /// Peak of resident memory since the program started. `getrusage` would also count what the process was before.
  static var peakMib: Double? {
    guard let data = FileManager.default.contents(atPath: "/proc/self/status"),
      let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
    else { return nil }
    return line.split(whereSeparator: { !$0.isNumber }).first.flatMap { Double($0) }.map { $0 / 1024 }
  }

  /// For a terminal.
  func text(_ model: String, _ tasks: [String]) -> String {
    var table = TextTable([("part", .left), ("median ms", .right), ("p99 ms", .right)])
    for (name, times) in [("encoder", Optional(encoder))] + tasks.map({ ($0, heads[$0]) }) + [("whole", whole)] {
      if let times { table.add([name, Format.decimals(times.medianMs, 3), Format.decimals(times.p99Ms, 3)]) }
    }
    let peak = peakMib.map { Format.decimals($0, 0) } ?? "?"
    let head = "\(model): \(precision), \(isa), \(threads) threads, \(whole.runs) runs, \(peak) MiB at peak\n"
    return head + table.text + (layerText.map { "\n\n" + $0 } ?? "")
  }

  private var layerText: String? {
    guard let layers, let peakGmacs else { return nil }
    var table = TextTable([
      ("step", .left), ("part", .left), ("kernel", .left), ("MMACs", .right), ("median ms", .right),
      ("of time", .right),
      ("of peak", .right),
    ])
    let total = layers.reduce(0) { $0 + $1.medianMs }
    for layer in layers {
      table.add([
        layer.node, layer.part, layer.kernel, Format.decimals(Double(layer.macs) / 1e6, 1),
        Format.decimals(layer.medianMs, 3), Format.percent(Float(layer.medianMs / total)),
        layer.shareOfPeak.map { Format.percent(Float($0)) } ?? "",
      ])
    }
    let peaks = [("float32", Optional(peakGmacs)), ("int8", peakGmacsInt8), ("bf16", peakGmacsBf16)]
    let named = peaks.compactMap { name, rate in rate.map { "\(Format.decimals($0, 1)) GMAC/s of \(name)" } }
    return
      "peak: \(named.joined(separator: ", ")). Multiplications that Winograd's way saves count, so shares may exceed 100 %.\n"
      + table.text
  }
}
