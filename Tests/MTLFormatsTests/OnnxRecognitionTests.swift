import MTLFormats
import MTLGraph
import Testing

@Suite("What is an ONNX file") struct OnnxRecognitionTests {
  private func recognizes(_ bytes: [UInt8]) -> Bool { OnnxModel.recognizes(Bytes(copying: bytes)) }

  private let version: [UInt8] = [0x08, 10]
  private let producer: [UInt8] = [0x12, 2, 0x70, 0x74]
  private let opset: [UInt8] = [0x42, 2, 0x10, 17]
  private let graph: [UInt8] = [0x3A, 2, 0x12, 0]

  @Test func inAnyOrder() {
    #expect(recognizes(version + graph))
    #expect(recognizes(producer + opset + version + graph))
    #expect(recognizes(graph))
    #expect(recognizes([0x08, 0x80, 0x02] + graph), "a version of more than a byte")
  }

  @Test func cutOff() {
    #expect(recognizes(version + [0x3A, 0x7F, 0x12]))
    #expect(recognizes(version + producer.dropLast()))
  }

  @Test func othersAreNot() {
    #expect(!recognizes([]))
    #expect(!recognizes([0x50, 0x4B, 3, 4]))
    #expect(!recognizes([0x80, 2, 0x8A, 10]))
    #expect(!recognizes(Array("{\"format\": 1}".utf8)))
    #expect(!recognizes(Array("2 lines\nof text\n".utf8)))
    #expect(!recognizes([0x0A, 1, 0x41] + graph), "the version is no text")
    #expect(!recognizes([0x3A, 0]), "an empty graph")
    // The length of a safetensors header reads like a version and a graph.
    #expect(!recognizes([0x08, 0x01, 0x3A, 0, 0, 0, 0, 0] + Array("{\"a\": 1}".utf8)))
  }
}
