import MTLFormats
import MTLGraph

/// What follows the reader of a graph: it is specialised for small inputs, and evaluated where all of its values are small,
/// as it is and simplified.
public enum SmallRun {
  static let largestValue = 4096
  static let mostNodes = 64

  public static func run(_ model: GraphModel) {
    let facts = model.inputs.map { port -> Fact in
      let element = port.type?.element ?? .float32
      guard port.type?.form != .sequence else { return Fact(.sequence, of: element) }
      return Fact(
        element, Shape((port.dimensions ?? []).map { if case .fixed(let size) = $0 { size } else { 2 } }))
    }
    guard facts.allSatisfy(isSmall), let specializer = try? model.graph.specialized(for: facts) else { return }
    let graph = specializer.graph
    guard graph.nodes.count <= mostNodes,
      graph.nodes.flatMap(\.outputs).allSatisfy({ specializer.fact($0).map(isSmall) ?? false }),
      let values = try? facts.map(value)
    else { return }
    _ = try? graph.computeValues(values)
    let tensors = values.compactMap { if case .tensor(let tensor) = $0 { tensor } else { nil } }
    let isFloat =
      facts.allSatisfy { $0.type == .float32 }
      && graph.nodes.flatMap(\.outputs).allSatisfy {
        specializer.fact($0)?.type == .float32
      }
    guard isFloat, let simple = try? graph.simplified(for: facts.compactMap(\.shape)) else { return }
    _ = try? simple.compute(tensors)
  }

  private static func value(_ fact: Fact) throws(MTLError) -> GraphValue {
    let shape = fact.shape ?? []
    guard fact.form == .tensor else { return .nothing(ValueType(.sequence, fact.type, isOptional: true)) }
    if fact.type == .string {
      return .tensor(try Tensor(texts: (0..<shape.elementCount).map { "text \($0)" }, shape: shape, of: "input"))
    }
    return .tensor(Tensor((0..<shape.elementCount).map { Double($0 % 7) - 2 }, as: fact.type, shape: shape))
  }

  private static func isSmall(_ fact: Fact) -> Bool {
    if fact.form == .sequence { return true }
    guard let shape = fact.shape, let checked = try? Shape(checking: shape.dimensions, of: "input") else {
      return false
    }
    return checked.elementCount <= largestValue
  }
}
