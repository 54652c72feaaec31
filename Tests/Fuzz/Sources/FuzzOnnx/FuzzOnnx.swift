import CFuzzer
import FuzzSupport
import Glibc
import MTLFormats
import MTLGraph

/// The ONNX reader and what follows it.
@main struct FuzzOnnx {
  static func main() {
    exit(
      mtl_fuzz(CommandLine.argc, CommandLine.unsafeArgv) { data, count in
        let bytes = Bytes(copying: UnsafeBufferPointer(start: data, count: count).map { $0 })
        if OnnxModel.recognizes(bytes), let model = try? OnnxModel.read(bytes, name: "input") { SmallRun.run(model) }
        return 0
      })
  }
}
