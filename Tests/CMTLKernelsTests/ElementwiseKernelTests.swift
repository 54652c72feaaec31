import CMTLKernels
import TestSupport
import Testing

@Suite("Elementwise kernels") struct ElementwiseKernelTests {
  @Test func combinations() {
    var random = SeededRandom(seed: 61)
    let kinds = [MTLK_EACH_BLOCK, MTLK_ONE_BLOCK, MTLK_ONE_FLOAT, MTLK_FIRST_LANES]
    for number in 0..<configurationCount {
      let (count, lanes) = (random.integer(0...9), random.integer(1...16))
      let (kindA, kindB) = (random.pick(kinds), random.pick(kinds))
      let operation = random.integer(MTLK_ADD...MTLK_DIVIDE)
      let activation = random.integer(MTLK_NO_ACTIVATION...MTLK_HARD_SWISH)
      let (a, b) = (operand(&random, kindA, count), operand(&random, kindB, count))
      let isInPlace = kindA == MTLK_EACH_BLOCK && random.once(in: 2)
      let story = "\(number): operation \(operation), kinds \(kindA), \(kindB), \(activation)"
      checkSets(within: 2e-6, story) { set, side in
        let (left, right) = (GuardedFloats(a, side), GuardedFloats(b, side))
        let output = isInPlace ? left : GuardedFloats(untouched: 16 * count, side)
        unsafe set.kernels.pointee.combine(
          Int32(operation), left.pointer, Int32(kindA), right.pointer, Int32(kindB), output.pointer, Int64(count),
          Int32(lanes), Int32(activation), 0.25)
        return output.elements
      }
    }
  }

  /// As many floats as an operand of that kind may be read, none of them near zero.
  private func operand(_ random: inout SeededRandom, _ kind: Int, _ count: Int) -> [Float] {
    let size = kind == MTLK_ONE_FLOAT ? 1 : kind == MTLK_ONE_BLOCK ? 16 : 16 * count
    return random.floats(size, in: 0.5...3).map { random.once(in: 2) ? $0 : -$0 }
  }

  /// Filling lanes may hold zeros in both, whose quotient must not stay.
  @Test(arguments: TestedSet.all) func fillingLanesAreZero(_ set: TestedSet) {
    let zeros = GuardedFloats([Float](repeating: 0, count: 16), .behind)
    let output = GuardedFloats(untouched: 16, .behind)
    unsafe set.kernels.pointee.combine(
      Int32(MTLK_DIVIDE), zeros.pointer, 0, zeros.pointer, 0, output.pointer, 1, 5, Int32(MTLK_SIGMOID), 0)
    #expect(output.elements.prefix(5).allSatisfy { $0.isNaN } && output.elements.dropFirst(5).allSatisfy { $0 == 0 })
  }

  @Test func weightedSums() {
    var random = SeededRandom(seed: 62)
    for number in 0..<configurationCount {
      let (inputs, count) = (random.integer(1...6), random.integer(0...11))
      let x = (0..<inputs).map { _ in random.floats(16 * count) }
      let weights = random.floats(16 * inputs)
      checkSets(within: 1e-6, "\(number): \(inputs) inputs, \(count) blocks") { set, side in
        let (sources, packed) = (x.map { GuardedFloats($0, side) }, GuardedFloats(weights, side))
        let output = GuardedFloats(untouched: 16 * count, side)
        let pointers: [UnsafePointer<Float>?] = unsafe sources.map { unsafe UnsafePointer($0.pointer) }
        unsafe set.kernels.pointee.weighted_sum(
          pointers, packed.pointer, Int32(inputs), output.pointer, Int64(count))
        return output.elements
      }
    }
  }

  @Test func softmaxOverGroups() {
    var random = SeededRandom(seed: 63)
    for number in 0..<configurationCount {
      let (groups, count, lanes) = (random.integer(1...5), random.integer(0...6), random.integer(1...16))
      let x = (0..<groups).map { _ in random.floats(16 * count, in: -30...30) }
      let isInPlace = random.once(in: 2)
      checkSets(within: 1e-6, "\(number): \(groups) groups, \(count) blocks") { set, side in
        let inputs = x.map { GuardedFloats($0, side) }
        let outputs = isInPlace ? inputs : x.map { GuardedFloats(untouched: $0.count, side) }
        let sources: [UnsafePointer<Float>?] = unsafe inputs.map { unsafe UnsafePointer($0.pointer) }
        let targets: [UnsafeMutablePointer<Float>?] = unsafe outputs.map { unsafe $0.pointer }
        unsafe set.kernels.pointee.softmax_groups(sources, targets, Int32(groups), Int64(count), Int32(lanes))
        return outputs.flatMap(\.elements)
      }
    }
  }
}
