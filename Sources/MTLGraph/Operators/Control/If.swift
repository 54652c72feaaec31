/// One of two graphs, by a truth value. Inputs: the condition, then what the graphs capture.
public struct If: GeneralOperator, StandardOperator {
  public static let name = "If"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      If(
        then: try attributes.subgraph("then_branch"), else: try attributes.subgraph("else_branch"),
        outputCount: attributes.outputCount)
    }
  ]
  private let thenBranch: Subgraph
  private let elseBranch: Subgraph
  public let outputCount: Int

  public init(then thenBranch: Subgraph, else elseBranch: Subgraph, outputCount: Int) {
    self.thenBranch = thenBranch
    self.elseBranch = elseBranch
    self.outputCount = outputCount
  }

  /// The branch that a condition chooses; nil where it depends on data.
  private func branch(_ condition: Tensor?) -> Subgraph? {
    condition.flatMap { $0.integers().first }.map { $0 != 0 ? thenBranch : elseBranch }
  }

  /// A branch whose outputs do not match is no branch.
  private func facts(_ branch: Subgraph, _ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let facts = try branch.graph.outputFacts(for: branch.captured(inputs))
    guard facts.count == outputCount else {
      throw MTLError(.badFormat, "branch", expected: "\(outputCount) outputs", found: "\(facts.count)")
    }
    return facts.map { Fact($0.type, $0.shape) }
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    if let chosen = branch(try inputs.required(0).value) { return try facts(chosen, inputs) }
    return try zip(facts(thenBranch, inputs), facts(elseBranch, inputs)).map { left, right throws(MTLError) in
      guard left.type == right.type else {
        throw MTLError(.dataTypeMismatch, "branches", expected: "\(left.type)", found: "\(right.type)")
      }
      return Fact(left.type, left.shape == right.shape ? left.shape : nil)
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    guard let branch = branch(try inputs.required(0)) else {
      throw MTLError(.shapeMismatch, "condition", expected: "one truth value", found: "none")
    }
    return try branch.graph.compute(branch.captured(inputs))
  }

  /// A condition that is known leaves only the nodes of its branch.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let branch = branch(inputs.optional(0)?.fact.value) else { return nil }
    return try specializer.inline(branch.graph, branch.captured(inputs).map { $0?.id })
  }
}
