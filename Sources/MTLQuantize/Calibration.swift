import MTLEngine
import MTLGraph

/// Finds the grids of a network's values by running it, in floats, on inputs as it will see them.
///
/// Each value gets the range, of several (`ValueStatistics.candidates`), whose rounding changes the outputs of the
/// convolutions behind it least, in relation to these outputs. Then the means that rounding moves are put back
/// (`QuantizationTable.biasCorrections`). Inputs are handed in one after the other, several times over; memory does not
/// grow with their number.
public struct Calibration {
  private let graph: Graph
  private let sites: [QuantizationSite]
  private let pool: ThreadPool
  private let instructionSet: InstructionSet

  /// Inputs, spread over all of them, that ranges and means are compared on: more of them decide nothing else.
  static let comparedCount = 24
  /// Bytes of values that are looked at together.
  static let groupByteLimit = 256 << 20

  /// - Parameter graph: simplified, and not quantized; one input.
  public init(_ graph: Graph, pool: ThreadPool, instructionSet: InstructionSet = .available) throws(MTLError) {
    guard graph.inputs.count == 1 else {
      throw MTLError(.unsupported, "quantization", expected: "a network of one input", found: "\(graph.inputs.count)")
    }
    self.graph = graph
    sites = graph.quantizationSites()
    guard !sites.isEmpty else {
      throw MTLError(
        .unsupported, "quantization",
        "the network has no convolution of at least 16 channels that is not in bytes already")
    }
    self.pool = pool
    self.instructionSet = instructionSet
  }

  /// Hands out the input of a number; they all have one shape.
  public typealias Inputs = (Int) throws(MTLError) -> Tensor

  /// - Parameter progress: runs that are done and all that there will be.
  public func table(
    inputCount: Int, inputs: Inputs, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(MTLError) -> QuantizationTable {
    guard inputCount > 0 else { throw MTLError(.invalidArgument, "calibration", "has no inputs") }
    let groups = groups(try graph.shapes(for: [try inputs(0).shape]))
    let compared = min(inputCount, Calibration.comparedCount)
    let total = groups.count * 2 * (inputCount + compared)
    var done = 0
    var table = QuantizationTable()
    for group in groups {
      func pass(_ count: Int, _ body: (Tensor) throws(MTLError) -> Void) throws(MTLError) {
        for index in 0..<count {
          try body(try inputs(index * inputCount / count))
          done += 1
          progress(done, total)
        }
      }
      let statistics = try statistics(of: group) { body throws(MTLError) in try pass(inputCount, body) }
      let readers = try readers(of: group)
      let grids = try grids(group, statistics, readers) { body throws(MTLError) in try pass(compared, body) }
      for (site, grid) in zip(group, grids) { table.grids[site.name] = grid }
      let corrections = try corrections(readers, grids) { body throws(MTLError) in try pass(compared, body) }
      table.biasCorrections.merge(corrections) { $1 }
    }
    return table
  }

  /// Sites whose values, and what poolings take of them, fit together.
  private func groups(_ shapes: ValueMap<Shape>) -> [[QuantizationSite]] {
    var groups: [[QuantizationSite]] = []
    var room = 0
    for site in sites {
      let values = Set([site.value] + site.readers.map { graph.nodes[$0.node].inputs[0] })
      let size = values.reduce(0) { $0 + (shapes[$1]?.elementCount ?? 0) * MemoryLayout<Float>.size }
      if groups.isEmpty || size > room {
        groups.append([])
        room = Calibration.groupByteLimit
      }
      groups[groups.count - 1].append(site)
      room -= size
    }
    return groups
  }

  private func observer(_ values: [ValueID]) -> Observer {
    Observer(graph, showing: values, pool: pool, instructionSet: instructionSet)
  }

  /// Runs something on inputs.
  private typealias Pass = ((Tensor) throws(MTLError) -> Void) throws(MTLError) -> Void

  /// Bounds in one pass, bins in another.
  private func statistics(of group: [QuantizationSite], pass: Pass) throws(MTLError) -> [ValueStatistics] {
    let observer = observer(group.map(\.value))
    var statistics = [ValueStatistics](repeating: ValueStatistics(), count: group.count)
    for isCounting in [false, true] {
      try pass { input throws(MTLError) in
        try unsafe statistics.withUnsafeMutableBufferPointer { statistics throws(MTLError) in
          try unsafe observer.run(input) { index, _, values in
            if isCounting { unsafe statistics[index].count(values) } else { unsafe statistics[index].widen(values) }
          }
        }
        for (site, own) in zip(group, statistics) where own.hasStrangers {
          throw MTLError(.badFormat, "calibration", "an input makes '\(site.name)' infinite or no number")
        }
      }
    }
    return statistics
  }

  /// By site: the networks of its readers, one for each value that they read.
  private func readers(of group: [QuantizationSite]) throws(MTLError) -> [(site: Int, readers: Readers)] {
    var result: [(site: Int, readers: Readers)] = []
    for (index, site) in group.enumerated() {
      let byValue = Dictionary(grouping: site.readers) { graph.nodes[$0.node].inputs[0] }
      for (value, readers) in byValue.sorted(by: { $0.key.index < $1.key.index }) {
        result.append(
          (index, try Readers(readers, of: value, in: graph, pool: pool, instructionSet: instructionSet)))
      }
    }
    return result
  }

  /// The grid of each site that harms its readers least; nil where a value is always zero.
  private func grids(
    _ group: [QuantizationSite], _ statistics: [ValueStatistics], _ readers: [(site: Int, readers: Readers)],
    pass: Pass
  ) throws(MTLError) -> [ByteGrid?] {
    let candidates = statistics.map(\.candidates)
    var errors = readers.map { [[Double]](repeating: [], count: candidates[$0.site].count) }
    var powers = readers.map { [Double](repeating: 0, count: $0.readers.names.count) }
    for index in readers.indices {
      errors[index] = errors[index].map { _ in powers[index] }
    }
    let observer = observer(readers.map(\.readers.value))
    try pass { input throws(MTLError) in
      let values = try observer.tensors(input)
      for (index, (site, readers)) in readers.enumerated() where candidates[site].count > 1 {
        add(try readers.power(values[index]), to: &powers[index])
        for (position, grid) in candidates[site].enumerated() {
          add(try readers.power(grid.rounded(values[index], isDistance: true)), to: &errors[index][position])
        }
      }
    }
    return group.indices.map { site in
      let own = readers.indices.filter { readers[$0].site == site }
      let costs = candidates[site].indices.map { candidate in
        own.reduce(0.0) { sum, index in
          sum + zip(errors[index][candidate], powers[index]).reduce(0) { $0 + ($1.1 > 0 ? $1.0 / $1.1 : 0) }
        }
      }
      return costs.indices.min { costs[$0] < costs[$1] }.map { candidates[site][$0] }
    }
  }

  /// By convolution: what puts the means of its channels back.
  private func corrections(
    _ readers: [(site: Int, readers: Readers)], _ grids: [ByteGrid?], pass: Pass
  ) throws(MTLError) -> [String: [Float]] {
    let observer = observer(readers.map(\.readers.value))
    var shifts = readers.map { $0.readers.channelCounts.map { [Double](repeating: 0, count: $0) } }
    var count = 0.0
    try pass { input throws(MTLError) in
      count += 1
      let values = try observer.tensors(input)
      for (index, (site, readers)) in readers.enumerated() {
        guard let grid = grids[site] else { continue }
        let own = try readers.shift(values[index], grid.rounded(values[index], isDistance: false))
        for (reader, shift) in own.enumerated() { add(shift, to: &shifts[index][reader]) }
      }
    }
    var result: [String: [Float]] = [:]
    for (own, shifts) in zip(readers, shifts) where grids[own.site] != nil {
      for (name, shift) in zip(own.readers.names, shifts) { result[name] = shift.map { Float(-$0 / count) } }
    }
    return result
  }

  private func add(_ values: [Double], to sums: inout [Double]) {
    for index in values.indices { sums[index] += values[index] }
  }
}
