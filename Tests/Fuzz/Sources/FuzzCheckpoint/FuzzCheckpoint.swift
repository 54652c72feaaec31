import CFuzzer
import Glibc
import MTLFormats
import MTLGraph

/// The PyTorch and safetensors readers: any bytes give a store or an error. The tensors of a store are read as well, up
/// to a size, because only then their storages are looked at.
@main struct FuzzCheckpoint {
  static func main() {
    exit(
      mtl_fuzz(CommandLine.argc, CommandLine.unsafeArgv) { data, count in
        let bytes = Bytes(copying: UnsafeBufferPointer(start: data, count: count).map { $0 })
        guard let store = try? WeightStore.read(bytes, name: "input") else { return 0 }
        for name in store.names.prefix(64) {
          if let entry = store[name], entry.shape.elementCount < 1 << 16 { _ = try? store.float32(name) }
        }
        return 0
      })
  }
}
