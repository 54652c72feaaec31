import TestSupport
import Testing

@testable import MTLGraph

@Suite("Equal constants") struct ShareEqualConstantsTests {
  private func graph(_ tensors: [Tensor]) -> Graph {
    var graph = Graph()
    let x = graph.addInput("x")
    for (index, tensor) in tensors.enumerated() {
      graph.addOutput("y\(index)", graph.add(Add(), name: "y\(index)", [x, graph.addConstant(tensor)]))
    }
    graph.removeUnneeded()
    return graph
  }

  private let values = (0..<32).map { Float($0) }

  @Test func areOne() throws {
    let shared = graph([Tensor(values, shape: [32]), Tensor(values, shape: [32]), Tensor(values, shape: [32])])
    #expect(shared.constants.count == 1)
    #expect(Set(shared.nodes.map { $0.inputs[1] }).count == 1)
    let outputs = try shared.evaluate([Tensor(values, shape: [32])])
    #expect(try outputs.map { try $0.floats() } == Array(repeating: values.map { $0 * 2 }, count: 3))
  }

  /// One bit in the middle, another shape, another type: none of them is the same.
  @Test func othersStay() {
    var changed = values
    changed[16] += 1
    let integers = Tensor(values.map { Double($0) }, as: .int32, shape: [32])
    let shared = graph([
      Tensor(values, shape: [32]), Tensor(changed, shape: [32]), Tensor(values, shape: [1, 32]), integers,
    ])
    #expect(shared.constants.count == 4)
  }
}
