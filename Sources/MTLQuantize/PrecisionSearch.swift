import MTLEngine
import MTLGraph

/// Finds the layers that cannot run in bytes, so that every task's error keeps a budget of its own.
///
/// Each layer alone is put in bytes, which shows what it costs each task. Then those that cost most are raised to bfloat16,
/// one after the other, until all the rest together keeps the budgets; if all of them in bfloat16 do not, they are raised
/// to floats instead. All errors are against the answers of the network in floats, on the same inputs.
public struct PrecisionSearch {
  /// How far the rounded output of a task is from the exact one: what is wrong, and of how much.
  public typealias Measure = (_ task: Int, _ exact: Tensor, _ rounded: Tensor) -> (wrong: Double, all: Double)

  /// What a layer in bytes costs, alone.
  public struct Layer: Sendable {
    public let name: String
    /// By task.
    public let errors: [Double]
    /// Whether it is never bfloat16: it reads a colour picture, has several groups or is transposed.
    public let isNeverBFloat16: Bool
    public internal(set) var isInBytes = true
  }

  public struct Outcome: Sendable {
    public var table: QuantizationTable
    /// In the order of the graph.
    public var layers: [Layer]
    /// By task, of all layers in bytes, and of those that are left.
    public let errorsBefore: [Double]
    public var errors: [Double]
  }

  private let graph: Graph
  private let table: QuantizationTable
  private let pool: ThreadPool
  private let instructionSet: InstructionSet
  private let inputs: [Tensor]
  private let measure: Measure
  /// By input: the outputs in floats.
  private let exact: [[Tensor]]

  /// Inputs that errors are measured on at most.
  public static let inputLimit = 16

  /// - Parameters:
  ///   - graph: simplified, and not quantized.
  ///   - table: what calibration found.
  ///   - inputs: few enough to be kept.
  public init(
    _ graph: Graph, _ table: QuantizationTable, inputs: [Tensor], pool: ThreadPool,
    instructionSet: InstructionSet = .available, measure: @escaping Measure
  ) throws(MTLError) {
    (self.graph, self.table, self.inputs, self.pool) = (graph, table, inputs, pool)
    (self.instructionSet, self.measure) = (instructionSet, measure)
    let observer = Observer(
      graph, showing: graph.outputs.map(\.value), pool: pool, instructionSet: instructionSet)
    exact = try inputs.map { input throws(MTLError) in try observer.tensors(input) }
  }

  /// - Parameters:
  ///   - budgets: by task; infinite where anything will do.
  ///   - progress: networks that were measured and how many there may be.
  public func outcome(
    budgets: [Double], progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(MTLError) -> Outcome {
    let (names, readers, neverBFloat16) = (layerNames, self.readers, self.neverBFloat16)
    let total = 1 + 2 * names.count
    var done = 0
    func errors(_ table: QuantizationTable) throws(MTLError) -> [Double] {
      let errors = try self.errors(of: table)
      done += 1
      progress(min(done, total), total)
      return errors
    }
    let before = try errors(table)
    var layers: [Layer] = []
    for name in names {
      let others = Set(names).subtracting([name])
      layers.append(
        Layer(
          name: name, errors: try errors(table.keeping(others, readers: readers)),
          isNeverBFloat16: neverBFloat16.contains(name)))
    }
    var result = Outcome(table: table, layers: layers, errorsBefore: before, errors: before)
    for isBFloat16 in [true, false] {
      result = Outcome(table: table, layers: layers, errorsBefore: before, errors: before)
      while let next = Self.worst(result, budgets) {
        result.layers[next].isInBytes = false
        let raised = Set(result.layers.filter { !$0.isInBytes }.map(\.name))
        result.table = table.keeping(raised, readers: readers)
        result.table.isBFloat16 = isBFloat16
        result.errors = try errors(result.table)
      }
      if budgets.indices.allSatisfy({ result.errors[$0] <= budgets[$0] }) { break }
    }
    progress(total, total)
    return result
  }

  /// The layer that costs the tasks beyond their budgets most; nil when there is none, or none is in bytes.
  private static func worst(_ outcome: Outcome, _ budgets: [Double]) -> Int? {
    // What is no number is beyond every budget.
    let beyond = budgets.indices.filter { !(outcome.errors[$0] <= budgets[$0]) }
    guard !beyond.isEmpty else { return nil }
    func cost(_ index: Int) -> Double {
      beyond.map { outcome.layers[index].errors[$0] / max(budgets[$0], .leastNormalMagnitude) }.max() ?? 0
    }
    return outcome.layers.indices.filter { outcome.layers[$0].isInBytes }.max { cost($0) < cost($1) }
  }

  /// By site that has a grid: the layers that read it.
  private var readers: [String: [String]] {
    Dictionary(
      graph.quantizationSites().filter { table.grids[$0.name] != nil }.map { ($0.name, $0.readers.map(\.name)) }
    ) { first, _ in first }
  }

  private var neverBFloat16: Set<String> {
    Set(
      graph.quantizationSites().flatMap { site in
        site.readers.filter { site.isPicture || $0.isForBytesAlone }.map(\.name)
      })
  }

  private var layerNames: [String] {
    let readers = graph.quantizationSites().filter { table.grids[$0.name] != nil }.flatMap(\.readers)
    return readers.sorted { $0.node < $1.node }.map(\.name)
  }

  private func errors(of table: QuantizationTable) throws(MTLError) -> [Double] {
    let rounded = try graph.quantized(by: table)
    let observer = Observer(
      rounded, showing: rounded.outputs.map(\.value), pool: pool, instructionSet: instructionSet,
      emulatesBFloat16: true)
    var sums = graph.outputs.map { _ in (wrong: 0.0, all: 0.0) }
    for (input, exact) in zip(inputs, exact) {
      for (task, output) in try observer.tensors(input).enumerated() {
        let (wrong, all) = measure(task, exact[task], output)
        sums[task].wrong += wrong
        sums[task].all += all
      }
    }
    return sums.map { $0.all > 0 ? $0.wrong / $0.all : 0 }
  }
}

extension QuantizationTable {
  /// The table with some layers not in bytes; values that only these read are not, either.
  func keeping(_ floats: Set<String>, readers: [String: [String]]) -> QuantizationTable {
    var table = self
    for (site, names) in readers {
      let rest = names.filter { !floats.contains($0) }
      if rest.isEmpty { table.grids[site] = nil }
      for name in names where floats.contains(name) {
        if !rest.isEmpty { table.floatNodes.insert(name) }
        table.biasCorrections[name] = nil
      }
    }
    return table
  }
}
