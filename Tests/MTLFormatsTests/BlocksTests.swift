import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("Weights in the order of kernels, in files")
struct BlocksTests {
  private let weights = Tensor((0..<17 * 20 * 2).map { $0 % 251 - 125 }, as: .int8, shape: [17, 20, 2, 1])
  private let shape = "[17, 20, 2, 1]"

  /// A file of one tensor of blocks.
  private func file(
    _ blocks: String, type: String = "I8", sizes: String = "[2, 1, 2, 16, 16, 4]", _ data: [UInt8]? = nil
  ) throws -> Bytes {
    let bytes = try data ?? #require(try ByteBlocks(weights)).bytes.array
    let escaped = blocks.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
    let header = """
      {"__metadata__": {"mtl_infer_blocks": "\(escaped)"},
      "w": {"dtype": "\(type)", "shape": \(sizes), "data_offsets": [0, \(bytes.count)]}}
      """
    return Bytes(copying: Build.safetensors(header, bytes))
  }

  /// At every distance from a whole line of the cache.
  @Test(arguments: 0..<4) func areReadAsWeights(_ spaces: Int) throws {
    let text = #"{"order": 1, "shapes": {"w": \#(shape)}}"# + String(repeating: " ", count: spaces)
    let entry = try #require(try WeightStore.read(file(text), name: "f")["w"])
    #expect(entry.shape == [17, 20, 2, 1] && entry.type == .int8)
    let tensor = try entry.tensor("w", as: nil)
    #expect(tensor.blocks != nil && tensor.integers() == weights.integers())
    #expect(try entry.float32("w").floats() == weights.integers().map { Float($0) })
  }

  @Test func withoutTheWordTheyAreATensorOfTheirOwn() throws {
    let store = try WeightStore.read(
      Bytes(
        copying: Build.safetensors(
          #"{"w": {"dtype": "I8", "shape": [2, 1, 2, 16, 16, 4], "data_offsets": [0, 4096]}}"#,
          [UInt8](repeating: 1, count: 4096))), name: "f")
    #expect(store["w"]?.shape == [2, 1, 2, 16, 16, 4])
  }

  @Test(arguments: [
    (#"{"order": 2, "shapes": {}}"#, MTLError.Kind.formatTooNew, "f: mtl_infer_blocks.order: expected 1, found 2"),
    ("[]", .badFormat, "f: mtl_infer_blocks: expected an order and shapes, found an array"),
    (#"{"order": 1, "shapes": {"v": [1, 1]}}"#, .badFormat, "shapes.v: is no shape of weights"),
    (#"{"order": 1, "shapes": {"w": [17]}}"#, .badFormat, "shapes.w: is no shape of weights"),
    (#"{"order": 1, "shapes": {"w": [17, 20, 2, "1"]}}"#, .badFormat, "shapes.w: is no shape of weights"),
    (#"{"order": 1, "shapes": {"w": 7}}"#, .badFormat, "shapes.w: is no shape of weights"),
    (#"{"order": 1, "shapes": {"w": [0, 20]}}"#, .badFormat, "shapes.w: is no shape of weights"),
    (#"{"order": 1, "shapes": {"w": [-17, 20, 2, 1]}}"#, .limit, "shapes.w"),
    (#"{"order": 1, "shapes": {"w": [1099511627776, 1099511627776]}}"#, .limit, "shapes.w"),
    (
      #"{"order": 1, "shapes": {"w": [17, 20, 3, 1]}}"#, .badFormat,
      "expected blocks of 2x1x3x16x16x4, found 2x1x2x16x16x4"
    ),
    (#"{"order": 1, "shapes": {"w": [17, 19, 2, 1]}}"#, .badFormat, "expected zeros where no weight of 17x19x2x1 is"),
    (#"{"order": 1, "shapes": {"w": [17, 20, 2, 1], "w": [17, 20, 2, 1]}}"#, .badFormat, "w"),
  ])
  func damage(_ text: String, kind: MTLError.Kind, part: String) throws {
    let bytes = try file(text)
    let error = failure { _ = try WeightStore.read(bytes, name: "f") }
    #expect(error.kind == kind)
    #expect(error.description.contains(part), "\(error)")
  }

  @Test func onlyBytesLieInBlocks() throws {
    let bytes = try file(#"{"order": 1, "shapes": {"w": \#(shape)}}"#, type: "U8")
    #expect(failure { _ = try WeightStore.read(bytes, name: "f") }.problem.contains("is no shape of weights"))
  }
}

extension Bytes {
  fileprivate var array: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}
