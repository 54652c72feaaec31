import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("Elements to float32")
struct ConversionTests {
  private func entry(_ type: DataType, _ bytes: [UInt8], _ shape: Shape, _ strides: [Int], _ offset: Int = 0) throws
    -> WeightEntry
  {
    try WeightEntry(
      shape: shape, element: ElementType(type), strides: strides, storage: Bytes(copying: bytes), elementOffset: offset,
      of: "w")
  }

  @Test func everyHalf() throws {
    let all = (0...UInt16.max).flatMap(Build.little)
    let values = try entry(.float16, all, [65536], [1]).float32("w").floats()
    for bits in 0...UInt16.max {
      let expected = Float(Float16(bitPattern: bits))
      let value = values[Int(bits)]
      #expect(value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN))
    }
  }

  @Test func unalignedFloatsAreCopied() throws {
    let bytes = Bytes(copying: [0] + Build.little(Float(1.5).bitPattern) + Build.little(Float(2.5).bitPattern))
    let storage = try bytes.slice(offset: 1, length: 8, of: "w")
    let tensor = try WeightEntry(shape: [2], element: ElementType(.float32), dense: storage, of: "w").float32("w")
    #expect(try tensor.floats() == [1.5, 2.5] && !bytes.contains(tensor.bytes))
  }

  @Test func stridesInEveryOrder() throws {
    let bytes = (0..<24).map { UInt8($0) }
    let plain = try entry(.uint8, bytes, [2, 3, 4], [12, 4, 1])
    #expect(try plain.float32("w").floats() == (0..<24).map { Float($0) })
    let turned = try entry(.uint8, bytes, [4, 2, 3], [1, 12, 4]).float32("w").floats()
    var expected: [Float] = []
    for last in 0..<4 {
      for first in 0..<2 { expected += (0..<3).map { Float(12 * first + 4 * $0 + last) } }
    }
    #expect(turned == expected)
    #expect(try entry(.uint8, bytes, [2, 2], [0, 3], 5).float32("w").floats() == [5, 8, 5, 8])
    #expect(try entry(.uint8, bytes, [1, 2, 1], [99, 1, 99], 22).float32("w").floats() == [22, 23])
  }

  @Test func sizeOneAxesMayHaveAnyStride() throws {
    #expect(try entry(.float32, [0, 0, 0, 0], [1, 1], [7, 7]).isDense)
    #expect(try !entry(.uint8, [0, 1, 2, 3], [2, 2], [1, 2]).isDense)
  }

  @Test func repetitionIsLimited() throws {
    let most = WeightEntry.maximumRepeatedElements
    _ = try entry(.uint8, [7], [most + 1], [0])
    #expect(failure { _ = try entry(.uint8, [7], [most + 2], [0]) }.kind == .limit)
  }

  @Test func lastElementHasToBeInside() throws {
    _ = try entry(.int16, [0, 0, 0, 0, 0], [2], [1])
    #expect(failure { _ = try entry(.int16, [0, 0, 0, 0, 0], [2], [2]) }.kind == .badFormat)
    #expect(failure { _ = try entry(.int16, [0, 0], [1], [1], 1) }.kind == .badFormat)
    #expect(failure { _ = try entry(.int16, [0, 0], [1], [1], -1) }.kind == .badFormat)
    #expect(failure { _ = try entry(.int16, [], [], []) }.kind == .badFormat)
    #expect(try entry(.int16, [], [0, 5], [5, 1]).float32("w").floats() == [])
  }
}
