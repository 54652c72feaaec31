import Testing

@testable import MTLGraph

@Suite struct BytesTests {
  private let bytes = Bytes(copying: [1, 2, 3, 4, 5, 6, 7, 8, 9] as [UInt8])

  @Test func slicesStayInside() throws {
    let slice = try bytes.slice(offset: 2, length: 3, of: "x")
    #expect(slice.count == 3 && slice[0] == 3 && slice[2] == 5)
    #expect(slice[3] == nil && slice[-1] == nil && slice[Int.max] == nil && slice[Int.min] == nil)
    #expect(try bytes.slice(offset: 9, length: 0, of: "x").count == 0)
    let inner = #expect(throws: MTLError.self) { try slice.slice(offset: 1, length: 3, of: "inner") }
    #expect(inner?.description == "inner: needs bytes 1 to 4, but only 3 are there")
  }

  @Test(arguments: [
    (-1, 2), (0, -1), (0, 10), (9, 1), (10, 0), (Int.max, Int.max), (Int.max, 1), (1, Int.max), (Int.min, Int.min),
  ])
  func wrongSlicesAreErrors(_ part: (offset: Int, length: Int)) {
    let error = #expect(throws: MTLError.self) { try bytes.slice(offset: part.offset, length: part.length, of: "x") }
    #expect(error?.kind == .badFormat && error?.subject == "x")
  }

  @Test func integersAtAnyAlignment() throws {
    #expect(try bytes.integer(at: 1, as: UInt32.self, of: "x") == 0x0504_0302)
    #expect(try bytes.integer(at: 8, as: UInt8.self, of: "x") == 9)
    #expect(try bytes.integer(at: 1, as: Int64.self, of: "x") == 0x0908_0706_0504_0302)
    for offset in [2, -1, Int.max] {
      #expect(throws: MTLError.self) { try bytes.integer(at: offset, as: UInt64.self, of: "x") }
    }
  }

  @Test func emptyBytes() throws {
    let nothing = unsafe Bytes(owner: nil, base: nil, count: 0)
    #expect(nothing[0] == nil && nothing.utf8 == "" && nothing.starts(with: []) && !nothing.starts(with: [1]))
    #expect(try nothing.slice(offset: 0, length: 0, of: "x").count == 0)
    #expect(Bytes(copying: [Float]()).count == 0)
  }

  @Test func text() {
    #expect(Bytes(copying: Array("h\u{E9}".utf8)).utf8 == "h\u{E9}")
    #expect(Bytes(copying: [0xFF, 0x41] as [UInt8]).utf8 == nil)
    #expect(bytes.starts(with: [1, 2]) && !bytes.starts(with: [2]))
    #expect(!bytes.starts(with: Array(1...10)))
  }

  @Test(arguments: [Int.max, Int.max - 64, 1 << 60, -1, Int.min])
  func memoryThatIsNotThereIsAnError(_ count: Int) {
    let error = #expect(throws: MTLError.self) { unsafe try Bytes(byteCount: count) { _ in } }
    #expect(error?.kind == .outOfMemory)
  }

  @Test func filledMemoryIsAligned() throws {
    let filled = unsafe try Bytes(byteCount: 100) { memory in
      for index in 0..<100 { unsafe memory[index] = UInt8(index) }
    }
    #expect(filled.count == 100 && filled[99] == 99)
    let address = unsafe filled.withUnsafeBytes { Int(bitPattern: $0.baseAddress) }
    #expect(address % 64 == 0)
  }

  @Test func fillersErrorIsHandedOn() {
    let error = #expect(throws: MTLError.self) {
      unsafe try Bytes(byteCount: 4) { (_) throws(MTLError) in throw MTLError(.busy, "filler", "stops") }
    }
    #expect(error?.kind == .busy)
  }
}
