/// Attention whose scores and probabilities the file may change by a graph each: softmax(score(q k / sqrt(D))), changed
/// again, times v. Queries, keys and values are batch x heads x tokens x features; each head of keys and values is for a
/// group of heads of queries. Special form: the products and functions it consists of.
public struct FlexAttention: GeneralOperator, StandardOperator {
  public static let name = "FlexAttention"
  public static let imports = [
    OperatorImport(name, domain: "ai.onnx.preview") { attributes throws(MTLError) in
      func body(_ name: String) throws(MTLError) -> Subgraph? {
        guard attributes.has(name) else { return nil }
        let body = try attributes.subgraph(name)
        guard body.formalCount == 1, body.graph.outputs.count == 1 else {
          throw MTLError(.badFormat, name, expected: "one input and one output", found: "others")
        }
        return body
      }
      return FlexAttention(
        scale: try attributes.float("scale"), precision: try attributes.elementType("softmax_precision"),
        scores: try body("score_mod"), probabilities: try body("prob_mod"))
    }
  ]
  /// nil is one by the root of the number of features.
  private let scale: Float?
  /// What scores and probabilities are; nil is float64 for float64, and else float32.
  private let precision: DataType?
  private let scores: Subgraph?
  private let probabilities: Subgraph?

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let facts = try (0..<3).map { position throws(MTLError) in try inputs.required(position) }
    let shapes = facts.compactMap(\.shape)
    guard shapes.count == 3 else { return [Fact(facts[0].type, nil)] }
    let (query, key, value) = (shapes[0], shapes[1], shapes[2])
    guard shapes.allSatisfy({ $0.rank == 4 }), query[0] == key[0], key[0] == value[0], query[3] == key[3],
      key[1] == value[1], key[2] == value[2], key[1] > 0, query[1] % key[1] == 0, query[3] > 0
    else {
      throw MTLError(
        .shapeMismatch, "inputs", expected: "queries, keys and values of batch x heads x tokens x features",
        found: shapes.map(\.description).joined(separator: ", "))
    }
    return [Fact(facts[0].type, [query[0], query[1], query[2], value[3]])]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    var specializer = Specializer()
    let known = inputs.map { input -> KnownValue? in
      guard let input else { return nil }
      let fact = Fact(input.type, input.shape)
      return KnownValue(id: specializer.addInput("input", fact), fact: fact)
    }
    guard let output = try specialized(known, in: &specializer)?.first else {
      throw MTLError(.internalFault, name, "the shape of its inputs is not known")
    }
    specializer.addOutput("output", output)
    return try specializer.graph.compute(inputs)
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let query = inputs.optional(0), let key = inputs.optional(1), let value = inputs.optional(2),
      let shape = query.fact.shape, let heads = key.fact.shape?[1], value.fact.shape != nil
    else { return nil }
    let type = query.fact.type
    // Each side takes the root of the scale, so that products stay within narrow types.
    let scale = (scale ?? 1 / Float(shape[3]).squareRoot()).squareRoot()
    let factor = specializer.addConstant(Tensor([scale], as: type, shape: []))
    func grouped(_ side: KnownValue) throws(MTLError) -> ValueID {
      guard heads != shape[1] else { return side.id }
      let places = specializer.addConstant(
        Tensor((0..<shape[1]).map { $0 / (shape[1] / heads) }, as: .int64, shape: [shape[1]]))
      return try specializer.add(Gather(axis: 1), [side.id, places])[0]
    }
    let columns = try specializer.add(Transpose([0, 1, 3, 2]), [try grouped(key)])[0]
    let left = try specializer.add(Mul(), [query.id, factor])[0]
    let right = try specializer.add(Mul(), [columns, factor])[0]
    let product = try specializer.add(MatMul(), [left, right])[0]
    var weights = try specializer.add(Cast(to: precision ?? (type == .float64 ? .float64 : .float32)), [product])[0]
    func changed(by body: Subgraph?) throws(MTLError) {
      guard let body else { return }
      weights = try specializer.inline(body.graph, [weights] + body.captured(inputs).map { $0?.id })[0]
    }
    try changed(by: scores)
    weights = try specializer.add(Softmax(axis: -1), [weights])[0]
    try changed(by: probabilities)
    weights = try specializer.add(Cast(to: type), [weights])[0]
    return try specializer.add(MatMul(), [weights, try grouped(value)])
  }
}
