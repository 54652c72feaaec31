/// A graph for each place of a sequence. The body takes the tensor at that place of each input that is a sequence, and
/// each input that is a tensor as it is; what it gives becomes one sequence for each of its outputs.
public struct SequenceMap: ValueOperator, StandardOperator {
  public static let name = "SequenceMap"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let body = try attributes.subgraph("body")
      guard body.formalCount == attributes.inputCount, body.formalCount >= 1 else {
        throw MTLError(
          .badFormat, "body", expected: "\(attributes.inputCount) inputs", found: "\(body.formalCount)")
      }
      return SequenceMap(body)
    }
  ]
  private let body: Subgraph

  init(_ body: Subgraph) {
    self.body = body
  }

  public var outputCount: Int { body.graph.outputs.count }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.requiredSequence(0)
    let formal = (0..<body.formalCount).map { position in
      inputs.optional(position).map { $0.form == .sequence ? Fact($0.type, nil) : $0.withoutValue }
    }
    return try body.graph.outputFacts(for: formal + body.captured(inputs).map { $0?.withoutValue }).map { fact in
      Fact(.sequence, of: fact.type)
    }
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    let count = try inputs.sequence(0).elements.count
    var made = [[Tensor]](repeating: [], count: outputCount)
    for place in 0..<count {
      let own = try (0..<body.formalCount).map { position throws(MTLError) -> GraphValue? in
        guard case .sequence(let sequence)? = inputs.optional(position) else { return inputs.optional(position) }
        guard sequence.elements.count == count else { throw wrongLength(position, count, sequence.elements.count) }
        return .tensor(sequence.elements[place])
      }
      let results = try body.graph.computeValues(own + body.captured(inputs))
      for (index, result) in results.enumerated() { made[index].append(try result.tensor()) }
    }
    let types = try infer(inputs.map { $0.map { Fact(of: $0) } }).map(\.type)
    return try zip(made, types).map { elements, type throws(MTLError) in
      .sequence(try TensorSequence(elements, type: elements.first?.type ?? type))
    }
  }

  /// The body's nodes over and over, where every sequence is known.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let types = try infer(inputs.map { $0?.fact }).map(\.type)
    guard let count = inputs.optional(0)?.fact.elements?.count,
      inputs.prefix(body.formalCount).allSatisfy({ $0?.fact.form != .sequence || $0?.fact.elements != nil }),
      specializer.spend(count.saturatingProduct(body.graph.nodes.count + 1))
    else { return nil }
    var made = [[ValueID]](repeating: [], count: outputCount)
    for place in 0..<count {
      let own = try (0..<body.formalCount).map { position throws(MTLError) -> ValueID? in
        guard let elements = inputs.optional(position)?.fact.elements else { return inputs.optional(position)?.id }
        guard elements.count == count else { throw wrongLength(position, count, elements.count) }
        return elements[place]
      }
      let results = try specializer.inline(body.graph, own + body.captured(inputs).map { $0?.id })
      for (index, result) in results.enumerated() { made[index].append(result) }
    }
    var sequences: [ValueID] = []
    for (elements, type) in zip(made, types) {
      guard let sequence = specializer.addSequence(elements, of: type) else { return nil }
      sequences.append(sequence)
    }
    return sequences
  }

  private func wrongLength(_ position: Int, _ expected: Int, _ found: Int) -> MTLError {
    MTLError(
      .shapeMismatch, "input \(position)", expected: "\(expected) tensors, as in input 0", found: "\(found)")
  }
}
