import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("JSON")
struct JSONTests {
  private func parse(_ text: String) throws(MTLError) -> JSONValue {
    try parse(Array(text.utf8))
  }

  private func parse(_ bytes: [UInt8]) throws(MTLError) -> JSONValue {
    try JSONValue.parse(Bytes(copying: bytes), of: "model.json")
  }

  @Test func everyKindOfValue() throws {
    let text = #" {"b": [null, true, false, -1, 1.5, 2e3, "x\n\u00e9\ud83d\ude00\u0000"], "a": {}, "c": []} "#
    #expect(
      try parse(text)
        == .object([
          .init(
            "b",
            .array([
              .null, .bool(true), .bool(false), .integer(-1), .number(1.5), .number(2000),
              .string("x\n\u{E9}\u{1F600}\0"),
            ])),
          .init("a", .object([])), .init("c", .array([])),
        ]))
  }

  @Test func numbersKeepTheirValue() throws {
    #expect(try parse("[9223372036854775807]").elements == [.integer(.max)])
    #expect(try parse("[-9223372036854775808]").elements == [.integer(.min)])
    #expect(try parse("[9223372036854775808]").elements == [.number(9_223_372_036_854_775_808)])
    #expect(
      try parse("[0.1, 5e-324, 1.7976931348623157e308]").elements?.map(\.number) == [
        0.1, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      ])
    #expect(try parse("[3.0, 3.5, 7]").elements?.map(\.integer) == [3, nil, 7])
    #expect(failure { _ = try parse("[1e999]") }.problem.contains("too big"))
  }

  @Test func lookUp() throws {
    let value = try parse(#"{"tasks": {"depth": 3}, "name": "net", "ok": true}"#)
    #expect(value["tasks"]?["depth"]?.integer == 3 && value["name"]?.string == "net" && value["ok"]?.bool == true)
    #expect(value["none"] == nil && value["name"]?["x"] == nil && value["name"]?.kindDescription == "a string")
  }

  @Test func errorsSayWhere() {
    let error = failure { _ = try parse("{\n  \"a\": 1,\n  \"b\" 2}") }
    #expect(error.kind == .badFormat && error.subject == "model.json")
    #expect(error.problem == "JSON: Missing a colon after a name of object member (line 3, byte 18)")
  }

  @Test(arguments: [
    "", " ", "nul", "{", "[1,]", "[1 2]", "{\"a\":1,}", "{a:1}", "'a'", "[01]", "[1.]", "[.5]", "[+1]", "[NaN]",
    "[Infinity]",
    "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"a", "[\"\t\"]", "{} {}", "[]\0", "[]\0]", "\0", "// x\n1", "\u{FEFF}1",
    "{\"a\":1,\"a\":2}",
    "{\"a\":{\"\":0,\"\":0}}",
  ])
  func malformedText(_ text: String) {
    #expect(failure { _ = try parse(text) }.kind == .badFormat)
  }

  @Test(
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
    ] as [[UInt8]])
  func invalidUTF8(_ bytes: [UInt8]) {
    #expect(failure { _ = try parse(bytes) }.kind == .badFormat)
  }

  @Test func nestingIsLimited() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(throws: Never.self) { try parse(nested(64)) }
    #expect(failure { _ = try parse(nested(65)) }.kind == .limit)
    #expect(failure { _ = try parse(String(repeating: "{\"a\":", count: 1_000_000)) }.kind == .limit)
  }

  @Test func countOfValuesIsLimited() {
    let error = failure { _ = try parse("[" + String(repeating: "0,", count: JSONValue.maximumValueCount) + "0]") }
    #expect(error.kind == .limit && error.problem.contains("too many values"))
  }

  @Test func cutAnywhere() throws {
    let text = Array(#"{"a":[1,-2.5e3,"\u00e9x",true,null],"b":{"c":false}}"#.utf8)
    _ = try parse(text)
    for length in text.indices {
      #expect(failure { _ = try parse(Array(text[..<length])) }.kind == .badFormat)
    }
  }
}
