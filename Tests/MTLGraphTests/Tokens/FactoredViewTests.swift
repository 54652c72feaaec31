import TestSupport
import Testing

@testable import MTLGraph

@Suite("Views by factors") struct FactoredViewTests {
  /// Random reshapes, transposes and slices, against the operators themselves.
  @Test func againstOperators() throws {
    var random = SeededRandom(seed: 21)
    var shown = 0
    for _ in 0..<2000 {
      let shape: Shape = [random.integer(1...3), random.pick([2, 4, 6]), random.integer(1...6)]
      var tensor = Tensor((0..<shape.elementCount).map { $0 }, as: .int64, shape: shape)
      var view: FactoredView? = FactoredView(shape)
      for _ in 0..<6 {
        guard let known = view else { break }
        let axis = random.integer(0...tensor.shape.rank - 1)
        switch random.integer(0...2) {
        case 0:
          let order = Array(0..<tensor.shape.rank).shuffled(using: &random)
          tensor = try Transpose(order).evaluate([tensor])[0]
          view = known.transposed(order)
        case 1:
          let first = random.integer(0...tensor.shape[axis] - 1)
          let (end, step) = (random.integer(first + 1...tensor.shape[axis]), random.integer(1...2))
          tensor = try Slice(axis: axis, start: first, end: end, step: step).evaluate([tensor])[0]
          view = known.sliced(axis: axis, first: first, count: tensor.shape[axis], step: step)
        default:
          var dimensions = tensor.shape.dimensions
          if axis > 0 {
            dimensions[axis - 1] *= dimensions[axis]
            dimensions.remove(at: axis)
          } else {
            let part = random.pick((1...dimensions[0]).filter { dimensions[0] % $0 == 0 })
            dimensions[0] /= part
            dimensions.insert(part, at: 1)
          }
          tensor = try tensor.reshaped(to: Shape(dimensions))
          view = known.reshaped(to: Shape(dimensions))
        }
      }
      guard let view else { continue }
      shown += 1
      #expect(view.shape == tensor.shape)
      #expect(FactoredView.places(view.axes.flatMap { $0 }, from: view.offset) == tensor.integers())
    }
    #expect(shown > 1000)
  }

  @Test func joinsImagesAndHeads() {
    let heads = FactoredView([2, 5, 3, 4]).transposed([0, 2, 1, 3])
    let joined = heads.reshaped(to: [6, 5, 4])
    #expect(joined?.shape == [6, 5, 4])
    #expect(joined?.reshaped(to: [2, 3, 5, 4]) == heads)
    #expect(heads.reshaped(to: [4, 30]) == nil)
  }
}
