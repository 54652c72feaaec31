import MTLFormats
import MTLGraph

/// What follows the reader of a graph: it is specialised for small inputs, and evaluated where all of its values are small,
/// as it is and simplified.
public enum SmallRun {
  static let largestValue = 4096
  static let mostNodes = 64

  public static func run(_ model: GraphModel) {
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
    let isFloat =
      facts.allSatisfy { $0.type == .float32 }
      && graph.nodes.flatMap(\.outputs).allSatisfy {
        specializer.fact($0)?.type == .float32
      }
    guard isFloat, let simple = try? graph.simplified(for: facts.compactMap(\.shape)) else { return }
    _ = try? simple.compute(tensors)
  }

  private static func isSmall(_ shape: Shape?) -> Bool {
    guard let shape, let checked = try? Shape(checking: shape.dimensions, of: "input") else { return false }
    return checked.elementCount <= largestValue
  }
}
