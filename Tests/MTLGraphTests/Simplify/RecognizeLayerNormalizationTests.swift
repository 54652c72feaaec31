import TestSupport
import Testing

@testable import MTLGraph

@Suite("Layer normalisation written with simpler operators") struct RecognizeLayerNormalizationTests {
  struct Form: CustomStringConvertible {
    /// The square as a power or as a product.
    var isPower = true
    /// One difference for both of its uses, or two.
    var isShared = true
    var hasScale = true
    var hasBias = true
    var axis = 2
    var exponent: Float = 2

    var description: String { "\(isPower) \(isShared) \(hasScale) \(hasBias) \(axis) \(exponent)" }
  }

  private func names(_ form: Form) throws -> [String] {
    var random = SeededRandom(seed: 17)
    var graph = Graph()
    let x = graph.addInput("x")
    func mean(_ graph: inout Graph, _ value: ValueID) throws -> ValueID {
      let attributes = Attributes(
        ["axes": .integers([form.axis]), "keepdims": .integer(1)], opset: 13, inputCount: 1, outputCount: 1)
      return graph.add(ReduceMean(try ReductionSettings(attributes)), name: "mean", [value])
    }
    let centre = try mean(&graph, x)
    let difference = graph.add(Sub(), name: "difference", [x, centre])
    let other = form.isShared ? difference : graph.add(Sub(), name: "other", [x, centre])
    let exponent = graph.addConstant(Tensor([form.exponent], shape: []))
    let square =
      form.isPower
      ? graph.add(Pow(), name: "square", [difference, exponent])
      : graph.add(Mul(), name: "square", [difference, difference])
    let epsilon = graph.addConstant(Tensor([1e-5 as Float], shape: []))
    let sum = graph.add(Add(), name: "sum", [try mean(&graph, square), epsilon])
    var value = graph.add(Div(), name: "quotient", [other, graph.add(Sqrt(), name: "root", [sum])])
    if form.hasScale { value = graph.add(Mul(), name: "scaled", [value, graph.addConstant(random.tensor([6]))]) }
    if form.hasBias { value = graph.add(Add(), name: "shifted", [graph.addConstant(random.tensor([6])), value]) }
    graph.addOutput("y", value)
    let simple = try graph.simplified(for: [[2, 6, 6]])
    let input = random.tensor([2, 6, 6], in: -4...4)
    let (expected, found) = (try graph.compute([input])[0], try simple.compute([input])[0])
    #expect(try expected.largestDifference(from: found) <= 1e-5)
    return simple.nodes.map(\.operation.name)
  }

  @Test(arguments: [
    Form(), Form(isPower: false), Form(isShared: false), Form(hasScale: false), Form(hasBias: false),
    Form(isPower: false, isShared: false, hasScale: false, hasBias: false),
  ])
  func isFound(_ form: Form) throws { #expect(try names(form) == ["LayerNormalization"]) }

  @Test(arguments: [Form(axis: 1), Form(exponent: 3)]) func isNotFound(_ form: Form) throws {
    #expect(try !names(form).contains("LayerNormalization"))
  }
}
