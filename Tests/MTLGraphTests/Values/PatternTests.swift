import Testing

@testable import MTLGraph

@Suite("Regular expressions") struct PatternTests {
  @Test(arguments: [
    ("", "", true), ("", "a", false), ("a", "a", true), ("a", "ab", false), ("a|bc", "bc", true),
    ("(ab)*", "abab", true),
    ("(ab)+", "", false), ("a?b", "b", true), ("a{2,3}", "aa", true), ("a{2,3}", "aaaa", false),
    ("a{2,}", "aaaaa", true),
    ("a{2}", "aaa", false), ("a{,2}", "a{,2}", true), ("x{", "x{", true), (".", "\n", false), (".", "ä", true),
    ("[a-c]+", "abc", true), ("[^a-c]", "b", false), ("[]a]", "]", true), ("[a-]", "-", true), ("[\\d_]+", "1_2", true),
    ("[^\\D]", "5", true), ("\\w+\\s\\w+", "a b", true), ("\\x41\\x{42}", "AB", true), ("(?:a|b)c", "bc", true),
    ("(?P<name>a)b", "ab", true), ("a*?b", "aab", true), ("^a$", "a", true), ("a^", "a", false),
    ("\\bab\\b", "ab", true),
    ("a\\Bb", "ab", true), ("a\\bb", "ab", false), ("\\.", ".", true), ("\\.", "x", false), ("(|a)b", "b", true),
    ("(a*)*", "aaaa", true), ("[\u{4E00}-\u{9FFF}]+", "中文", true),
  ])
  func matches(pattern: String, text: String, expected: Bool) throws {
    #expect(try Pattern(pattern).matches(text) == expected)
  }

  @Test(arguments: ["(", ")", "[a", "*", "a**", "a{2}{3}", "a{1001}", "a{3,2}", "[b-a]", "\\", "\\x{110000}", "{2}"])
  func whatIsNoneIsRefused(pattern: String) {
    let error = #expect(throws: MTLError.self) { try Pattern(pattern) }
    #expect(error?.kind == .badFormat)
  }

  @Test(arguments: ["(?i)a", "[[:alpha:]]", "\\pL", "\\1"]) func whatIsNotReadIsRefused(pattern: String) {
    let error = #expect(throws: MTLError.self) { try Pattern(pattern) }
    #expect(error?.kind == .unsupported)
  }

  @Test func sizesAreBounded() {
    let deep = String(repeating: "(", count: 1000) + String(repeating: ")", count: 1000)
    // The last one has no steps at all, and a thousand to the power of ten of nothing.
    let empty = String(repeating: "(", count: 10) + String(repeating: "){1000}", count: 10)
    for pattern in ["((a{100}){100}){100}", deep, empty] {
      let error = #expect(throws: MTLError.self) { try Pattern(pattern) }
      #expect(error?.kind == .limit)
    }
  }

  /// Expressions that take other engines exponential time.
  @Test func timeIsBounded() throws {
    let text = String(repeating: "a", count: 20_000)
    #expect(try Pattern("(a*)*b").matches(text) == false)
    #expect(try Pattern("(a|a)*(a|aa)+b").matches(text) == false)
    let long = GraphValue.texts([String](repeating: text, count: 1000))
    let graph = try Graph.of("RegexFullMatch", inputs: 1, ["pattern": .string("(a{1000}){10}b")])
    #expect(graph.refusal([long])?.kind == .limit)
  }
}
