import MTLGraph
import TestSupport
import Testing

@testable import MTLEngine

/// What TorchScript's exporter writes for `torch.split` keeps a network on kernels.
@Suite("Plans of sequences") struct SequencePlanTests {
  /// Convolutions of each of two halves of the channels, joined: split, convolve, cat.
  private func network() throws -> (Graph, Tensor) {
    var random = SeededRandom(seed: 3)
    var graph = Graph()
    let x = graph.addInput("x")
    let axis = AttributeValue.integer(1)
    func standard(_ name: String, _ inputs: [ValueID], _ values: [String: AttributeValue] = [:]) throws -> ValueID {
      let found = try #require(OperatorCatalog.find(name, domain: ""))
      let attributes = Attributes(values, opset: 17, inputCount: inputs.count, outputCount: 1)
      return try graph.append(found, attributes, name: name, inputs)[0]
    }
    let length = graph.addConstant(Tensor([16], as: .int64, shape: []))
    let halves = try standard("SplitToSequence", [x, length], ["axis": axis])
    var parts: [ValueID] = []
    for half in 0..<2 {
      let place = graph.addConstant(Tensor([half], as: .int64, shape: []))
      let weight = graph.addConstant(random.tensor([16, 16, 3, 3]))
      parts.append(try standard("Conv", [try standard("SequenceAt", [halves, place]), weight]))
    }
    let list = try standard("SequenceConstruct", parts)
    graph.addOutput("y", try standard("ConcatFromSequence", [list], ["axis": axis]))
    return (graph, random.tensor([1, 32, 8, 8]))
  }

  @Test func runOnKernels() throws {
    let (graph, input) = try network()
    let session = GeneralSession(Network(general: graph), pool: ThreadPool(width: 1))
    let steps = try session.planDescription([Fact(.float32, input.shape)], tasks: [0])
    #expect(steps.contains { $0.kernel.hasPrefix("convolution") || $0.kernel.hasPrefix("Winograd") }, "\(steps)")
    #expect(steps.allSatisfy { !$0.kernel.contains("node by node") })
    let found = try session.run([.tensor(input)], tasks: [0])[0].tensor()
    #expect(try found.largestDifference(from: try graph.compute([input])[0]) < 1e-4)
  }

  @Test func sequencesAtTheEndsAreHandedThrough() throws {
    var graph = Graph()
    let x = graph.addInput("x")
    graph.addOutput("y", graph.add(Identity(), name: "same", [x]))
    let session = GeneralSession(Network(general: graph), pool: ThreadPool(width: 1))
    let sequence = try TensorSequence([Tensor([1, 2], shape: [2]), Tensor([3], shape: [1])], type: .float32)
    let found = try session.run([.sequence(sequence)], tasks: [0])[0].sequence()
    #expect(found.elements.map { $0.numbers() } == [[1, 2], [3]])
  }
}
