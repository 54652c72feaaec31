import CFuzzer
import FuzzSupport
import Glibc
import MTLFormats
import MTLGraph

/// The reader of the library's own files, and what follows it. The input is the text of the graph; the file around it,
/// with a few tensors "w0" to "w5", is always sound, because the reader of that has a harness of its own.
@main struct FuzzNative {
  static let types = [("F32", 4), ("I64", 8), ("U8", 1), ("F32", 4), ("BOOL", 1), ("F16", 2)]
  static let shapes = [[4], [4], [4], [4, 3, 1, 1], [2, 2], [1]]

  static func main() {
    exit(
      mtl_fuzz(CommandLine.argc, CommandLine.unsafeArgv) { data, count in
        let text = String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
        guard let file = try? FuzzNative.file(text), let store = try? WeightStore.read(file, name: "input"),
          let model = try? NativeFile.graph(of: store, name: "input")
        else { return 0 }
        SmallRun.run(model)
        return 0
      })
  }

  private static func file(_ graph: String) throws(MTLError) -> Bytes {
    var members = [JSONValue.Member("__metadata__", .object([.init("mtl_infer_graph", .string(graph))]))]
    var data: [UInt8] = []
    for (index, (type, shape)) in zip(types, shapes).enumerated() {
      let start = data.count
      data += (0..<shape.reduce(1, *) * type.1).map { UInt8($0 % type.1 == type.1 - 1 && type.1 < 8 ? 0x3E : 0) }
      let offsets = [start, data.count].map { JSONValue.integer(Int64($0)) }
      members.append(
        .init(
          "w\(index)",
          .object([
            .init("dtype", .string(type.0)), .init("shape", .array(shape.map { .integer(Int64($0)) })),
            .init("data_offsets", .array(offsets)),
          ])))
    }
    let header = try JSONValue.object(members).text()
    return Bytes(copying: (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data)
  }
}
