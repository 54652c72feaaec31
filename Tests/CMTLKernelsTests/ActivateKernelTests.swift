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
  case MTLK_GELU: value * 0.5 * (1 + erf(value * 0.5.squareRoot()))
  case MTLK_SILU: value / (1 + exp(-value))
  case MTLK_HARD_SWISH: value * min(max(value + 3, 0), 6) / 6
  case MTLK_CLIPPED_RELU: value.isNaN ? value : min(max(value, 0), slope)
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

  /// The normal distribution's tail is approximated to 1e-7; everything else is nearly rounded.
  private func isRight(_ found: Float, _ exact: Double, _ activation: Int32, _ value: Float) -> Bool {
    if exact.isNaN { return found.isNaN }
    let tolerance =
      Int(activation) == MTLK_GELU ? 4e-7 * max(Double(abs(value)), abs(exact)) : 8 * 0x1p-24 * abs(exact) + 1e-37
    return Double(found) == exact || Float(exact) == found || abs(Double(found) - exact) <= tolerance
  }

  @Test func everySetComputesTheSame() {
    var random = SeededRandom(seed: 41)
    for number in 0..<configurationCount {
      var x = random.floats(random.integer(0...70), in: -20...20)
      if random.once(in: 3) { x = x.map { $0 / 16 } }
      for special in ActivateKernelTests.specials where !x.isEmpty && random.once(in: 4) {
        x[random.integer(0...x.count - 1)] = special
      }
      let activation = Int32(random.integer(MTLK_NO_ACTIVATION...MTLK_HARD_SWISH))
      let slope = random.pick([Float(0.01), 0.25, 0, -0.5, 3])
      checkSets(within: 1e-6, "\(number), activation \(activation)") { set, side in
        let found = run(set, x, guard: side, activation, slope, inPlace: side == .before)
        for (value, result) in zip(x, found) where abs(value) < 1e38 || activation != Int32(MTLK_HARD_SWISH) {
          let exact = activated(Double(value), activation, Double(slope))
          #expect(
            isRight(result, exact, activation, value),
            "\(set.testDescription), \(activation) of \(value) is \(exact), not \(result)")
        }
        return found
      }
    }
  }

  /// As PyTorch 2.4 has them.
  @Test(arguments: TestedSet.all) func extremes(_ set: TestedSet) {
    let x: [Float] = [.nan, .infinity, -.infinity]
    let expected: [Int: [Float]] = [
      MTLK_SIGMOID: [.nan, 1, 0], MTLK_TANH: [.nan, 1, -1], MTLK_GELU: [.nan, .infinity, .nan],
      MTLK_SILU: [.nan, .infinity, .nan], MTLK_HARD_SWISH: [.nan, .infinity, .nan],
    ]
    for (activation, values) in expected {
      let found = run(set, x, guard: .behind, Int32(activation), 0, inPlace: false)
      #expect(found.hasSameBits(as: values), "activation \(activation): \(found)")
    }
  }
}
