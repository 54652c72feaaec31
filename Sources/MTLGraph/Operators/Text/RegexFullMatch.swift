/// Whether each text as a whole matches a regular expression.
public struct RegexFullMatch: GeneralOperator, StandardOperator {
  public static let name = "RegexFullMatch"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      guard attributes.has("pattern") else { throw attributes.missing("pattern") }
      return RegexFullMatch(try Pattern(try attributes.string("pattern", default: "")))
    }
  ]
  private let pattern: Pattern

  init(_ pattern: Pattern) {
    self.pattern = pattern
  }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inputs.requireText(0)
    return [Fact(.bool, try inputs.required(0).shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    // A text of no bytes is looked at, too.
    let length = input.texts.reduce(0) { $0.saturatingSum($1.utf8.count + 1) }
    let work = length.saturatingProduct(pattern.cost)
    guard work <= Pattern.maximumWork else {
      throw MTLError(.limit, "work", expected: "at most \(Pattern.maximumWork) steps", found: "\(work)")
    }
    let answers = input.texts.map { pattern.matches($0) ? 1 : 0 }
    return [Tensor(answers, as: .bool, shape: input.shape)]
  }
}
