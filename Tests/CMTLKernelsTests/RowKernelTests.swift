import CMTLKernels
import Glibc
import TestSupport
import Testing

@Suite("Softmax of rows, and means") struct RowKernelTests {
  @Test(arguments: TestedSet.all) func meansAreRoundedOnce(_ set: TestedSet) {
    var random = SeededRandom(seed: 53)
    for _ in 0..<100 {
      let (blocks, pixels) = (random.integer(1...3), random.integer(1...400))
      let values = random.floats(blocks * pixels * 16, in: -1000...1000)
      let (input, output) = (GuardedFloats(values, .behind), GuardedFloats(untouched: blocks * 16, .behind))
      for range in random.pieces(of: blocks) {
        unsafe set.kernels.pointee.global_average(
          input.pointer, output.pointer, Int64(pixels), range.lowerBound, range.upperBound)
      }
      for (index, mean) in output.elements.enumerated() {
        let sum = (0..<pixels).reduce(0.0) { $0 + Double(values[(index / 16 * pixels + $1) * 16 + index % 16]) }
        #expect(mean == Float(sum / Double(pixels)))
      }
    }
  }

  private func softmax(_ set: TestedSet, _ x: [Float], rows: Int, inPlace: Bool, logarithm: Bool = false) -> [Float] {
    let input = GuardedFloats(x, inPlace ? .before : .behind)
    let output = inPlace ? input : GuardedFloats(untouched: x.count, .behind)
    unsafe set.kernels.pointee.softmax(
      input.pointer, output.pointer, Int64(rows), Int64(x.count / max(rows, 1)), logarithm ? 1 : 0)
    return output.elements
  }

  @Test(arguments: TestedSet.all, [false, true]) func softmaxOfExtremes(_ set: TestedSet, _ inPlace: Bool) {
    #expect(softmax(set, [-3], rows: 1, inPlace: inPlace) == [1])
    #expect(softmax(set, [5, -1e30, .greatestFiniteMagnitude], rows: 3, inPlace: inPlace) == [1, 1, 1])
    #expect(softmax(set, [3e38, 3e38, -3e38], rows: 1, inPlace: inPlace) == [0.5, 0.5, 0])
    #expect(softmax(set, [-.infinity, 1, -.infinity], rows: 1, inPlace: inPlace) == [0, 1, 0])
    #expect(softmax(set, [1, .nan], rows: 1, inPlace: inPlace).filter(\.isNaN).count == 2)
    #expect(softmax(set, [1, .infinity], rows: 1, inPlace: inPlace).contains { $0.isNaN })
    #expect(softmax(set, [], rows: 4, inPlace: inPlace) == [])
  }

  @Test(arguments: TestedSet.all) func softmaxSumsToOne(_ set: TestedSet) {
    var random = SeededRandom(seed: 54)
    for _ in 0..<100 {
      let (rows, length) = (random.integer(1...4), random.integer(1...200))
      let x = random.floats(rows * length, in: -30...30)
      let y = softmax(set, x, rows: rows, inPlace: random.once(in: 2))
      let logarithms = softmax(set, x, rows: rows, inPlace: random.once(in: 2), logarithm: true)
      for row in 0..<rows {
        let exact = x[row * length..<(row + 1) * length].map { exponential($0) }
        let sum = exact.reduce(0, +)
        for column in 0..<length {
          #expect(abs(Double(y[row * length + column]) - exact[column] / sum) <= 1e-6)
          #expect(abs(Double(logarithms[row * length + column]) - log(exact[column] / sum)) <= 1e-5)
        }
      }
    }
  }
}
