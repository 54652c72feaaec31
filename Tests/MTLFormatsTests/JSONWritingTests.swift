import MTLFormats
import MTLGraph
import Testing

@Suite("JSON writing")
struct JSONWritingTests {
  private func read(_ value: JSONValue, isIndented: Bool) throws -> JSONValue {
    try JSONValue.parse(Bytes(copying: value.text(isIndented: isIndented)), of: "text")
  }

  @Test(arguments: [false, true])
  func comesBackEqual(_ isIndented: Bool) throws {
    let numbers: [Double] = [0.1, -1e300, 5e-324, Double(Float(0.1)), 1.5, 1e21, -0.25]
    let value = JSONValue.object([
      .init("", .null), .init("texts", .array([.string(""), .string("\"\\/\n\u{0}é\u{1F600}")])),
      .init("integers", .array([.integer(.max), .integer(.min), .integer(0)])),
      .init("numbers", .array(numbers.map { .number($0) })), .init("truth", .array([.bool(true), .bool(false)])),
      .init("empty", .array([.object([]), .array([])])),
    ])
    #expect(try read(value, isIndented: isIndented) == value)
  }

  @Test func aWholeNumberStaysANumber() throws {
    #expect(try JSONValue.number(2).text() == Array("2.0".utf8))
  }

  @Test func infinityIsNoNumber() {
    #expect(throws: MTLError.self) { try JSONValue.number(.infinity).text() }
  }
}
