import MTLFormats
import MTLGraph

/// Reads the fields of a JSON object with their types and ranges, and finds those that nobody asked for: a misspelt
/// field is an error, not a default.
public struct FieldReader {
  /// Where the object stands, for errors: "model.json: network.encoder[3]".
  let path: String
  private let members: [JSONValue.Member]
  private var asked: Set<String> = []

  public init(_ value: JSONValue, path: String) throws(MTLError) {
    guard let members = value.members else { throw MTLError(.badFormat, path, "is no object") }
    self.path = path
    self.members = members
  }

  public mutating func value(_ name: String) -> JSONValue? {
    asked.insert(name)
    guard let member = members.first(where: { $0.name == name }), member.value != .null else { return nil }
    return member.value
  }

  public mutating func string(_ name: String) throws(MTLError) -> String? {
    guard let value = value(name) else { return nil }
    guard let string = value.string else { throw wrongType(name, "text") }
    return string
  }

  public mutating func requiredString(_ name: String) throws(MTLError) -> String {
    guard let string = try string(name) else { throw MTLError(.badFormat, path, "has no field '\(name)'") }
    return string
  }

  public mutating func bool(_ name: String) throws(MTLError) -> Bool? {
    guard let value = value(name) else { return nil }
    guard let bool = value.bool else { throw wrongType(name, "true or false") }
    return bool
  }

  public mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(MTLError) -> Int? {
    guard let value = value(name) else { return nil }
    return try FieldReader.integer(value, in: range, path: "\(path).\(name)")
  }

  /// One number for both directions, or [rows, columns].
  public mutating func pair(_ name: String, in range: ClosedRange<Int>) throws(MTLError) -> Window.Pair? {
    guard let value = value(name) else { return nil }
    let elements = value.elements ?? [value, value]
    guard elements.count == 2 else { throw wrongType(name, "a number or [rows, columns]") }
    return Window.Pair(
      try FieldReader.integer(elements[0], in: range, path: "\(path).\(name)"),
      try FieldReader.integer(elements[1], in: range, path: "\(path).\(name)"))
  }

  public mutating func number(_ name: String) throws(MTLError) -> Double? {
    guard let value = value(name) else { return nil }
    guard let number = value.number else { throw wrongType(name, "a number") }
    return number
  }

  public mutating func numbers(_ name: String) throws(MTLError) -> [Double]? {
    guard let value = value(name) else { return nil }
    let numbers = value.elements?.compactMap(\.number)
    guard let numbers, numbers.count == value.elements?.count else { throw wrongType(name, "a list of numbers") }
    return numbers
  }

  public mutating func integers(_ name: String, in range: ClosedRange<Int>) throws(MTLError) -> [Int]? {
    guard let value = value(name) else { return nil }
    guard let elements = value.elements, !elements.isEmpty else { throw wrongType(name, "a list of numbers") }
    var result: [Int] = []
    for element in elements { result.append(try FieldReader.integer(element, in: range, path: "\(path).\(name)")) }
    return result
  }

  public mutating func strings(_ name: String) throws(MTLError) -> [String]? {
    guard let value = value(name) else { return nil }
    let strings = value.elements?.compactMap(\.string)
    guard let strings, strings.count == value.elements?.count else { throw wrongType(name, "a list of texts") }
    return strings
  }

  /// One of `choices`, by its name.
  public mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ type: Choice.Type = Choice.self
  ) throws(MTLError) -> Choice? where Choice.RawValue == String {
    guard let text = try string(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw MTLError(.badFormat, "\(path).\(name)", expected: "one of \(known)", found: "'\(text)'")
    }
    return choice
  }

  /// Fails if the object has a field that was not asked for.
  public func finish() throws(MTLError) {
    guard let unknown = members.first(where: { !asked.contains($0.name) }) else { return }
    throw MTLError(
      .badFormat, path, "unknown field '\(unknown.name)'; known are \(asked.sorted().joined(separator: ", "))")
  }

  private func wrongType(_ name: String, _ expected: String) -> MTLError {
    MTLError(.badFormat, "\(path).\(name)", "is not \(expected)")
  }

  private static func integer(
    _ value: JSONValue, in range: ClosedRange<Int>, path: String
  ) throws(MTLError) -> Int {
    guard let wide = value.integer, let integer = Int(exactly: wide), range.contains(integer) else {
      throw MTLError(.badFormat, path, "is not a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }
}
