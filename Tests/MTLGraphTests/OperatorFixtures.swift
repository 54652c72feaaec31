import MTLFormats
import TestSupport
import Testing

@testable import MTLGraph

/// One use of an operator and what PyTorch computes, from Tests/Fixtures/operators (tools/make_operator_fixtures.py).
struct OperatorCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  private let attributes: JSONValue
  let inputs: [Tensor]
  let output: Tensor

  /// The cases of one file.
  static func all(_ name: String) -> [OperatorCase] {
    let folder = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Fixtures/operators/"
    do {
      let file = try JSONValue.parse(try MappedFile.open(path: folder + name + ".json"), of: name)
      return try (file.elements ?? []).map { try OperatorCase($0) }
    } catch {
      Issue.record(error)
      return []
    }
  }

  /// Those of one operator, where a file has several's.
  static func all(_ name: String, operation: String) -> [OperatorCase] {
    all(name).filter { $0.attributes["operation"]?.string == operation }
  }

  private init(_ facts: JSONValue) throws {
    testDescription = try #require(facts["name"]?.string)
    attributes = try #require(facts["attributes"])
    inputs = try #require(facts["inputs"]?.elements).map { try OperatorCase.tensor($0) }
    output = try OperatorCase.tensor(try #require(facts["output"]))
  }

  private static func tensor(_ facts: JSONValue) throws -> Tensor {
    let shape = Shape(try #require(facts["shape"]?.elements).compactMap(\.integer).map { Int($0) })
    let values = try #require(facts["values"]?.elements).map { value in
      try #require(value.number.map { Float($0) } ?? Float(value.string ?? ""))
    }
    try #require(values.count == shape.elementCount)
    return Tensor(values, shape: shape)
  }

  func integers(_ name: String) throws -> [Int] {
    try #require(attributes[name]?.elements).compactMap(\.integer).map { Int($0) }
  }

  func integer(_ name: String) throws -> Int { Int(try #require(attributes[name]?.integer)) }

  func text(_ name: String) throws -> String { try #require(attributes[name]?.string) }

  func float(_ name: String) throws -> Float { Float(try #require(attributes[name]?.number)) }

  func flag(_ name: String) throws -> Bool { try #require(attributes[name]?.bool as Bool?) }

  func pair(_ name: String) throws -> Window.Pair {
    let sides = try integers(name)
    return Window.Pair(sides[0], sides[1])
  }

  func padding() throws -> Window.Padding {
    let sides = try integers("padding")
    return Window.Padding(top: sides[0], left: sides[1], bottom: sides[2], right: sides[3])
  }

  /// Shape rule and evaluation give PyTorch's result, to `tolerance` relative to the largest element.
  func check(
    _ operation: any Operator, tolerance: Float = 2e-7, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let shapes = try operation.outputShapes(inputs.map(\.shape))
    #expect(shapes == [output.shape], sourceLocation: sourceLocation)
    let results = try operation.evaluate(inputs)
    #expect(results.count == 1, sourceLocation: sourceLocation)
    let difference = try results[0].largestDifference(from: output)
    #expect(difference <= tolerance, sourceLocation: sourceLocation)
  }
}

extension Operator {
  /// The kind of error with which the shape rule refuses these shapes; an issue when it takes them.
  func refusal(_ shapes: Shape..., sourceLocation: SourceLocation = #_sourceLocation) -> MTLError? {
    #expect(throws: MTLError.self, sourceLocation: sourceLocation) { _ = try outputShapes(shapes) }
  }
}
