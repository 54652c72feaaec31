import CFuzzer
import Glibc
import MTLFormats
import MTLGraph

/// The ONNX reader and what follows it: a model that is read is specialised for small inputs, and evaluated where all of
/// its values are small.
@main struct FuzzOnnx {
  static let largestValue = 4096
  static let mostNodes = 64

  static func main() {
    exit(
      mtl_fuzz(CommandLine.argc, CommandLine.unsafeArgv) { data, count in
        let bytes = Bytes(copying: UnsafeBufferPointer(start: data, count: count).map { $0 })
        if let model = try? OnnxModel.read(bytes, name: "input") { FuzzOnnx.run(model) }
        return 0
      })
  }

  private static func run(_ model: OnnxModel) {
    let facts = model.inputs.map { port in
      Fact(
        port.type ?? .float32, Shape((port.dimensions ?? []).map { if case .fixed(let size) = $0 { size } else { 2 } }))
    }
    guard facts.allSatisfy({ isSmall($0.shape) }), let specializer = try? model.graph.specialized(for: facts)
    else { return }
    let graph = specializer.graph
    let shapes = graph.nodes.flatMap(\.outputs).map { specializer.fact($0)?.shape }
    guard graph.nodes.count <= mostNodes, shapes.allSatisfy(isSmall) else { return }
    let tensors = facts.map { fact in
      let shape = fact.shape ?? []
      return Tensor((0..<shape.elementCount).map { Double($0 % 7) - 2 }, as: fact.type, shape: shape)
    }
    _ = try? graph.compute(tensors)
  }

  private static func isSmall(_ shape: Shape?) -> Bool {
    guard let shape, let checked = try? Shape(checking: shape.dimensions, of: "input") else { return false }
    return checked.elementCount <= largestValue
  }
}
