/// A graph over and over: a number of times, or while it says so. Inputs: the number of times and a first truth value,
/// each of which may be left out, the values that the body carries on, then what it captures. The body takes the number
/// of the turn, the truth value and the carried values; it gives the next truth value, the next carried values, and
/// values that are collected along a new first axis.
public struct Loop: ValueOperator, StandardOperator {
  public static let name = "Loop"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let body = try attributes.subgraph("body")
      guard body.formalCount >= 2, body.formalCount == max(attributes.inputCount, 2),
        body.graph.outputs.count >= body.formalCount - 1
      else {
        throw MTLError(
          .badFormat, "body", expected: "\(attributes.inputCount) inputs, and outputs for them",
          found: "\(body.formalCount) and \(body.graph.outputs.count)")
      }
      return Loop(body)
    }
  ]
  private let body: Subgraph

  /// Turns of a loop whose end depends on data.
  private static let maximumTurnCount = 1 << 20

  public init(_ body: Subgraph) {
    self.body = body
  }

  private var carriedCount: Int { body.formalCount - 2 }
  public var outputCount: Int { body.graph.outputs.count - 1 }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let carried = (0..<carriedCount).map { inputs.optional(2 + $0)?.carried }
    let captured = body.captured(inputs).map { $0?.withoutValue }
    let facts = try body.graph.outputFacts(for: [Fact(.int64, []), Fact(.bool, [])] + carried + captured)
    return facts.dropFirst().map(\.carried)
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    let limit = try inputs.optionalTensor(0)?.integers().first ?? .max
    var goesOn = try inputs.optionalTensor(1)?.integers().first.map { $0 != 0 } ?? true
    var carried = (0..<carriedCount).map { inputs.optional(2 + $0) }
    var collected = [[Tensor]](repeating: [], count: outputCount - carriedCount)
    var turn = 0
    while goesOn, turn < limit {
      guard turn < Loop.maximumTurnCount else {
        throw MTLError(.limit, "loop", "does not end within \(Loop.maximumTurnCount) turns")
      }
      let own = [Tensor([turn], as: .int64, shape: []), Tensor([1], as: .bool, shape: [])]
      let results = try body.graph.computeValues(own.map { .tensor($0) } + carried + body.captured(inputs))
      goesOn = try results[0].tensor("condition").integers().first.map { $0 != 0 } ?? false
      carried = results[1..<(1 + carriedCount)].map { $0 }
      for (index, result) in results[(1 + carriedCount)...].enumerated() {
        collected[index].append(try result.tensor("collected"))
      }
      turn += 1
    }
    let values = try carried.map { value throws(MTLError) in
      guard let value else { throw MTLError(.badFormat, "loop", "a carried value is missing") }
      return value
    }
    let types = try infer(inputs.map { $0.map { Fact(of: $0) } }).map(\.type)
    return values
      + (try collected.enumerated().map { index, parts throws(MTLError) in
        .tensor(try Tensor.stacked(parts, axis: 0, type: types[carriedCount + index]))
      })
  }
}

extension Tensor {
  /// Tensors of one shape along a new axis; none of them is a tensor without elements.
  static func stacked(_ parts: [Tensor], axis: Int, type: DataType) throws(MTLError) -> Tensor {
    guard let first = parts.first else { return Tensor([Int](), as: type, shape: [0]) }
    guard axis <= first.shape.rank else {
      throw MTLError(.shapeMismatch, "axis", expected: "at most \(first.shape.rank)", found: "\(axis)")
    }
    var dimensions = first.shape.dimensions
    dimensions.insert(1, at: axis)
    _ = try Shape(checking: dimensions, of: "output")
    let widened = try parts.map { part throws(MTLError) in
      guard part.shape == first.shape else {
        throw MTLError(.shapeMismatch, "collected", expected: "\(first.shape)", found: "\(part.shape)")
      }
      return try part.reshaped(to: Shape(dimensions))
    }
    return try Concat(axis: axis).evaluate(widened)[0]
  }
}
