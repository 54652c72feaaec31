import Testing

@testable import MTLGraph

@Suite("Texts") struct TextTests {
  private func run(
    _ name: String, _ inputs: [GraphValue], outputs: Int = 1, _ attributes: [String: AttributeValue] = [:]
  ) throws -> [Tensor] {
    try Graph.of(name, inputs: inputs.count, outputs: outputs, attributes).computeValues(inputs).map { try $0.tensor() }
  }

  @Test func areJoined() throws {
    let joined = try run("StringConcat", [.texts(["ä", "b"]), .texts(["x"], [])])
    #expect(joined[0].texts == ["äx", "bx"])
    let error = try Graph.of("StringConcat", inputs: 2).refusal([.texts(["a"]), .floats([1])])
    #expect(error?.kind == .dataTypeMismatch)
  }

  @Test func joiningIsBounded() throws {
    let long = GraphValue.texts([String](repeating: String(repeating: "a", count: 1 << 16), count: 1 << 12))
    #expect(try Graph.of("StringConcat", inputs: 2).refusal([long, long])?.kind == .limit)
  }

  @Test(
    arguments: [
      ("a b  c", nil, nil, ["a", "b", "c"]), ("  a b ", nil, 1, ["a", "b "]),
      ("a,b,,c", ",", nil, ["a", "b", "", "c"]),
      ("a,b,c", ",", 1, ["a", "b,c"]), ("", ",", nil, [""]), ("a::b", "::", nil, ["a", "b"]),
      ("aaa", "aa", nil, ["", "a"]),
    ] as [(String, String?, Int?, [String])])
  func areSplit(text: String, delimiter: String?, limit: Int?, expected: [String]) throws {
    var attributes: [String: AttributeValue] = [:]
    if let delimiter { attributes["delimiter"] = .string(delimiter) }
    if let limit { attributes["maxsplit"] = .integer(limit) }
    let found = try run("StringSplit", [.texts([text])], outputs: 2, attributes)
    #expect(found[0].texts == expected)
    #expect(found[1].integers() == [expected.count])
  }

  @Test func splittingIsBounded() throws {
    let words = String(repeating: "a ", count: 1 << 13)
    let texts = [words] + [String](repeating: "a", count: 1 << 12)
    #expect(try Graph.of("StringSplit", inputs: 1, outputs: 2).refusal([.texts(texts)])?.kind == .limit)
    let delimiter = AttributeValue.string(String(repeating: "a", count: 1000))
    #expect(throws: MTLError.self) { try Graph.of("StringSplit", inputs: 1, outputs: 2, ["delimiter": delimiter]) }
  }

  @Test func areNormalised() throws {
    let words = GraphValue.texts(["Monday", "tuesday", "É"])
    let upper = try run(
      "StringNormalizer", [words], ["case_change_action": .string("UPPER"), "stopwords": .strings(["monday"])])
    #expect(upper[0].texts == ["TUESDAY", "É"])
    let none = try run("StringNormalizer", [.texts(["a"], [1, 1])], ["stopwords": .strings(["A"])])
    #expect(none[0].texts == [""] && none[0].shape == [1, 1])
    #expect(try Graph.of("StringNormalizer", inputs: 1).refusal([.texts(["a", "b"], [2, 1])])?.kind == .shapeMismatch)
  }

  @Test func equalityIsOfBytes() throws {
    // One character, written in two ways.
    let found = try run("Equal", [.texts(["\u{E9}", "a"]), .texts(["e\u{301}", "a"])])
    #expect(found[0].integers() == [0, 1])
  }

  @Test func moveAsOtherElementsDo() throws {
    let texts = GraphValue.texts(["a", "b", "c", "d"], [2, 2])
    #expect(try run("Transpose", [texts])[0].texts == ["a", "c", "b", "d"])
    let places = GraphValue.tensor(Tensor([1, 0], as: .int64, shape: [2]))
    #expect(try run("Gather", [texts, places])[0].texts == ["c", "d", "a", "b"])
    #expect(
      try run("Concat", [texts, texts], ["axis": .integer(1)])[0].texts == ["a", "b", "a", "b", "c", "d", "c", "d"])
    let sizes = GraphValue.tensor(Tensor([4], as: .int64, shape: [1]))
    #expect(try run("Reshape", [texts, sizes])[0].shape == [4])
    #expect(try run("Shape", [texts])[0].integers() == [2, 2])
  }

  @Test func areNumbersWhereTheyAreWritten() throws {
    let numbers = try run("Cast", [.texts(["1.5", "-INF", "NaN"])], ["to": .integer(1)])[0].numbers()
    #expect(numbers[0] == 1.5 && numbers[1] == -.infinity && numbers[2].isNaN)
    #expect(try run("Cast", [.floats([0.1, 2])], ["to": .integer(8)])[0].texts == ["0.1", "2.0"])
    let big = try run("Cast", [.texts(["18446744073709551615"])], ["to": .integer(13)])[0]
    #expect(try run("Cast", [.tensor(big)], ["to": .integer(8)])[0].texts == ["18446744073709551615"])
    for wrong in ["", "1x", "one"] {
      let error = try Graph.of("Cast", inputs: 1, ["to": .integer(7)]).refusal([.texts([wrong])])
      #expect(error?.kind == .invalidArgument)
    }
  }

  @Test func operatorsOfNumbersRefuseThem() throws {
    for name in ["Relu", "Softmax", "NonZero", "ReduceSum"] {
      let error = try Graph.of(name, inputs: 1).refusal([.texts(["1"])])
      #expect(error?.kind == .dataTypeMismatch, "\(name)")
      #expect(error?.problem == "input 0: expected numbers, found texts", "\(name)")
    }
    #expect(throws: MTLError.self) { try Tensor(texts: ["a"], shape: [2]) }
  }

  @Test func constantsHoldThem() throws {
    #expect(try run("Constant", [], ["value_string": .string("a")])[0].texts == ["a"])
    #expect(try run("Constant", [], ["value_strings": .strings(["a", "b"])])[0].texts == ["a", "b"])
  }
}

@Suite("LabelEncoder") struct LabelEncoderTests {
  private func encoder(_ attributes: [String: AttributeValue]) throws -> any Operator {
    let found = try #require(OperatorCatalog.find("LabelEncoder", domain: "ai.onnx.ml"))
    return try found.make(Attributes(attributes, opset: 4, inputCount: 1, outputCount: 1))
  }

  @Test func wordsAndNumbers() throws {
    let words: [String: AttributeValue] = ["keys_strings": .strings(["a", "b"]), "values_int64s": .integers([5, 6])]
    let input = try Tensor(texts: ["b", "x", "a"], shape: [3])
    #expect(try encoder(words).compute([input])[0].integers() == [6, -1, 5])
    let back: [String: AttributeValue] = ["keys_int64s": .integers([5, 5]), "values_strings": .strings(["a", "b"])]
    #expect(try encoder(back).compute([Tensor([5, 7], as: .int64, shape: [2])])[0].texts == ["a", "_Unused"])
    let nan: [String: AttributeValue] = ["keys_floats": .floats([.nan, 0]), "values_floats": .floats([1, 2])]
    #expect(try encoder(nan).compute([Tensor([.nan, -0.0, 3], shape: [3])])[0].numbers() == [1, 2, 0])
  }

  @Test func tablesMustFit() throws {
    #expect(throws: MTLError.self) {
      try encoder(["keys_strings": .strings(["a"]), "values_int64s": .integers([5, 6])])
    }
    let wrong = Tensor([1, 2], shape: [2])
    #expect(throws: MTLError.self) {
      try encoder(["keys_int64s": .integers([1]), "values_floats": .floats([1]), "default_tensor": .tensor(wrong)])
    }
  }
}
