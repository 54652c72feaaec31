/// A graph for each part of some tensors along an axis. Inputs: the values that the body carries on, the tensors, then
/// what the body captures. The body takes the carried values and a part of each tensor; it gives the next carried values,
/// and values that are collected along an axis.
public struct Scan: ValueOperator, StandardOperator {
  public static let name = "Scan"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard attributes.opset >= 9 else {
        throw MTLError(.unsupported, "operator set \(attributes.opset)", "scans of batches are not read")
      }
      let body = try attributes.subgraph("body")
      guard let count = try attributes.integer("num_scan_inputs") else { throw attributes.missing("num_scan_inputs") }
      guard count >= 1, count <= body.formalCount, body.formalCount == attributes.inputCount,
        body.graph.outputs.count >= body.formalCount - count
      else {
        throw MTLError(
          .badFormat, "num_scan_inputs", expected: "1 to \(body.formalCount)", found: "\(count)")
      }
      let collectedCount = body.graph.outputs.count - (body.formalCount - count)
      return Scan(
        body, scannedCount: count,
        inputs: try Directions(attributes, "scan_input", count: count),
        outputs: try Directions(attributes, "scan_output", count: collectedCount))
    }
  ]

  /// Along which axis and from which end each tensor is read or collected.
  struct Directions: Sendable {
    let axes: [Int]
    let isReversed: [Bool]

    init(_ attributes: Attributes, _ prefix: String, count: Int) throws(MTLError) {
      axes = try attributes.integers("\(prefix)_axes") ?? [Int](repeating: 0, count: count)
      let directions = try attributes.integers("\(prefix)_directions") ?? [Int](repeating: 0, count: count)
      isReversed = directions.map { $0 == 1 }
      guard axes.count == count, directions.count == count else {
        throw MTLError(.badFormat, prefix, expected: "\(count) axes and directions", found: "others")
      }
    }
  }

  private let body: Subgraph
  private let scannedCount: Int
  private let inputs: Directions
  private let outputs: Directions

  init(_ body: Subgraph, scannedCount: Int, inputs: Directions, outputs: Directions) {
    self.body = body
    self.scannedCount = scannedCount
    self.inputs = inputs
    self.outputs = outputs
  }

  private var carriedCount: Int { body.formalCount - scannedCount }
  public var outputCount: Int { body.graph.outputs.count }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let formal = (0..<body.formalCount).map { inputs.optional($0)?.carried }
    let captured = body.captured(inputs).map { $0?.withoutValue }
    return try body.graph.outputFacts(for: formal + captured).map(\.carried)
  }

  public func computeValues(_ arguments: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    var carried = (0..<carriedCount).map { arguments.optional($0) }
    var scanned: [(tensor: Tensor, axis: Int)] = []
    for index in 0..<scannedCount {
      let tensor = try arguments.tensor(carriedCount + index)
      scanned.append((tensor, try tensor.shape.axis(inputs.axes[index])))
    }
    let turns = scanned[0].tensor.shape[scanned[0].axis]
    guard scanned.allSatisfy({ $0.tensor.shape[$0.axis] == turns }) else {
      throw MTLError(.shapeMismatch, "inputs", expected: "\(turns) parts in each", found: "others")
    }
    var collected = [[Tensor]](repeating: [], count: outputCount - carriedCount)
    for turn in 0..<turns {
      let parts = try scanned.enumerated().map { index, each throws(MTLError) -> GraphValue? in
        let place = inputs.isReversed[index] ? turns - 1 - turn : turn
        let part = try Slice(axis: each.axis, start: place, end: place + 1).evaluate([each.tensor])[0]
        var dimensions = part.shape.dimensions
        dimensions.remove(at: each.axis)
        return .tensor(try part.reshaped(to: Shape(dimensions)))
      }
      let results = try body.graph.computeValues(carried + parts + body.captured(arguments))
      carried = results[..<carriedCount].map { $0 }
      for (index, result) in results[carriedCount...].enumerated() { collected[index].append(try result.tensor()) }
    }
    let types = try infer(arguments.map { $0.map { Fact(of: $0) } }).map(\.type)
    let last = carried.compactMap { $0 }
    return last
      + (try collected.enumerated().map { index, parts throws(MTLError) in
        let rank = parts.first.map { $0.shape.rank + 1 } ?? 1
        let axis = outputs.axes[index] < 0 ? outputs.axes[index].saturatingSum(rank) : outputs.axes[index]
        guard (0..<rank).contains(axis) else {
          throw MTLError(.shapeMismatch, "scan_output_axes", expected: "within \(rank)", found: "\(axis)")
        }
        let ordered = outputs.isReversed[index] ? parts.reversed() : parts
        return .tensor(try Tensor.stacked(ordered, axis: axis, type: types[carriedCount + index]))
      })
  }
}
