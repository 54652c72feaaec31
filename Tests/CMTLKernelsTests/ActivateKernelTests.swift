import CMTLKernels
import Glibc
import TestSupport
import Testing

/// An activation in float64, written down once more.
func activated(_ value: Double, _ activation: Int32, _ slope: Double) -> Double {
  switch Int(activation) {
  case MTLK_RELU: value < 0 ? 0 : value
  case MTLK_LEAKY_RELU: value < 0 ? slope * value : value
  case MTLK_SIGMOID: 1 / (1 + exp(-value))
  case MTLK_TANH: tanh(value)
  default: value
  }
}

@Suite("Activation kernels") struct ActivateKernelTests {
  private static let specials: [Float] = [
    .nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude,
    -.greatestFiniteMagnitude, 88, -88, 104,
    -104,
  ]

  private func run(
    _ set: TestedSet, _ x: [Float], guard side: GuardedFloats.Guard, _ activation: Int32, _ slope: Float, inPlace: Bool
  ) -> [Float] {
    let input = GuardedFloats(x, side)
    let output = inPlace ? input : GuardedFloats(untouched: x.count, side)
    unsafe set.kernels.pointee.activate(input.pointer, output.pointer, Int64(x.count), activation, slope)
    return output.elements
  }

  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 41)
    for number in 0..<configurationCount {
      var x = random.floats(random.integer(0...70), in: -20...20)
      for special in ActivateKernelTests.specials where !x.isEmpty && random.once(in: 4) {
        x[random.integer(0...x.count - 1)] = special
      }
      let activation = Int32(random.integer(MTLK_NO_ACTIVATION...MTLK_TANH))
      let slope = random.pick([Float(0.01), 0.25, 0, -0.5, 3])
      let expected = run(.scalar, x, guard: .behind, activation, slope, inPlace: false)
      for (value, found) in zip(x, expected) {
        let exact = activated(Double(value), activation, Double(slope))
        let isRight = exact.isNaN ? found.isNaN : abs(Double(found) - exact) <= 4 * 0x1p-24 * abs(exact) + 1e-37
        #expect(
          isRight || Double(found) == exact || Float(exact) == found,
          "\(activation) of \(value) is \(exact), not \(found)")
      }
      for set in TestedSet.all {
        for side in GuardedFloats.Guard.allCases {
          let found = run(set, x, guard: side, activation, slope, inPlace: side == .before)
          let isSame = zip(found, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
          #expect(isSame && found.count == x.count, "\(set.testDescription), \(number), activation \(activation)")
        }
      }
    }
  }
}
