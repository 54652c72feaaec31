import Testing

@testable import MTLGraph

@Suite struct MTLErrorTests {
  @Test func text() {
    #expect(MTLError(.badFormat, "best.pt", "is truncated").description == "best.pt: is truncated")
    #expect(MTLError(.busy, "", "is in use").description == "is in use")
    let mismatch = MTLError(.shapeMismatch, "input", expected: "3 channels", found: "4")
    #expect(mismatch.description == "input: expected 3 channels, found 4" && mismatch.systemErrorNumber == 0)
    #expect(MTLError(.inputOutput, "x", "no", systemErrorNumber: 2).systemErrorNumber == 2)
  }

  /// The status codes of the C ABI, which hosts compile in.
  @Test func codes() {
    let codes: [MTLError.Kind: Int32] = [
      .invalidArgument: 1, .invalidState: 2, .notFound: 3, .shapeMismatch: 4, .dataTypeMismatch: 5, .bufferTooSmall: 6,
      .busy: 7, .badFormat: 20, .formatTooNew: 21, .unsupported: 22, .limit: 23, .checkpointMismatch: 24,
      .outOfMemory: 40, .inputOutput: 41, .threadCreation: 42, .internalFault: 99,
    ]
    #expect(codes.count == MTLError.Kind.allCases.count)
    for (kind, code) in codes { #expect(kind.rawValue == code) }
  }
}
