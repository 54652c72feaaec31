/// One of two graphs, by a truth value. Inputs: the condition, then what the graphs capture.
public struct If: ValueOperator, StandardOperator {
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

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] { throw dependsOnData }
  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { try compute(inputs) }

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
    return facts.map(\.withoutValue)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    if let chosen = branch(try inputs.required(0).value) { return try facts(chosen, inputs) }
    return try zip(facts(thenBranch, inputs), facts(elseBranch, inputs)).map { left, right throws(MTLError) in
      try If.joined(left, right)
    }
  }

  /// What holds whichever branch is taken.
  private static func joined(_ left: Fact, _ right: Fact) throws(MTLError) -> Fact {
    let presence: Fact.Presence = left.presence == right.presence ? left.presence : .open
    // What is missing in one branch is of the other one's type.
    if left.presence == .missing { return Fact(right.form, of: right.type, presence) }
    if right.presence == .missing { return Fact(left.form, of: left.type, presence) }
    guard left.type == right.type, left.form == right.form else {
      throw MTLError(
        .dataTypeMismatch, "branches", expected: "\(left.described) of \(left.type)",
        found: "\(right.described) of \(right.type)")
    }
    var fact = Fact(left.form, of: left.type, presence)
    fact.shape = left.shape == right.shape ? left.shape : nil
    return fact
  }

  public func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue] {
    guard let branch = branch(try inputs.tensor(0)) else {
      throw MTLError(.shapeMismatch, "condition", expected: "one truth value", found: "none")
    }
    return try branch.graph.computeValues(branch.captured(inputs))
  }

  /// A condition that is known leaves only the nodes of its branch.
  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let branch = branch(inputs.optional(0)?.fact.value) else { return nil }
    return try specializer.inline(branch.graph, branch.captured(inputs).map { $0?.id })
  }
}
