import Testing

@testable import MTLGraph

@Suite struct TensorTests {
  private let four = Bytes(copying: [1, 2] as [Float])

  @Test func bytesHaveToFitTheShape() throws {
    #expect(try Tensor(shape: [2], type: .float32, bytes: four, of: "w").floats() == [1, 2])
    #expect(try Tensor(shape: [4], type: .float16, bytes: four, of: "w").shape == [4])
    let error = #expect(throws: MTLError.self) { try Tensor(shape: [3], type: .float32, bytes: four, of: "w") }
    #expect(error?.kind == .badFormat)
    #expect(error?.description == "w: expected 12 bytes for float32 3, found 8")
  }

  @Test func onlyFloat32IsFloats() throws {
    let integers = try Tensor(shape: [2], type: .int32, bytes: four, of: "w")
    let error = #expect(throws: MTLError.self) { try integers.floats(of: "w") }
    #expect(error?.kind == .dataTypeMismatch && error?.description == "w: expected float32, found int32")
  }

  @Test func emptyAndScalar() throws {
    #expect(try Tensor([], shape: [0, 3]).floats() == [])
    #expect(try Tensor([7], shape: []).floats() == [7])
  }

  @Test func typesHaveTheirSizes() {
    #expect(
      DataType.allCases.map(\.byteCount) == [8, 4, 2, 2, 8, 4, 2, 1, 1, 1, 8, 4, 2] + [Int](repeating: 1, count: 10) + [
        0
      ])
    #expect(DataType.allCases.filter(\.isFloatingPoint).prefix(4) == [.float64, .float32, .float16, .bfloat16])
    #expect(Set(DataType.allCases.map(\.description)).count == 24 && "\(DataType.bfloat16)" == "bfloat16")
  }
}
