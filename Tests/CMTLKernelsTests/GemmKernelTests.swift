import CMTLKernels
import TestSupport
import Testing

@Suite("Gemm kernels") struct GemmKernelTests {
  private struct Data {
    let rows: Int
    let depth: Int
    let outputs: Int
    let x: [Float]
    let weight: [Float]
    let bias: [Float]?
    let activation: Int32
    let slope: Float

    /// Depths around the kernel's step of 32, and outputs around its group of 4.
    init(_ random: inout SeededRandom) {
      rows = random.integer(1...5)
      depth = random.once(in: 4) ? 32 * random.integer(0...5) + random.integer(0...1) : random.integer(0...300)
      outputs = random.integer(1...21)
      x = random.floats(rows * depth)
      weight = random.floats(outputs * depth)
      bias = random.once(in: 2) ? nil : random.floats(outputs)
      activation = Int32(random.integer(MTLK_NO_ACTIVATION...MTLK_TANH))
      slope = random.pick([0.01, 0.3, -0.5])
    }

    func run(_ set: TestedSet, guard side: GuardedFloats.Guard, pieces: [Range<Int32>]) -> [Float] {
      let (x, weight) = (GuardedFloats(x, side), GuardedFloats(weight, side))
      let bias = bias.map { GuardedFloats($0, side) }
      let y = GuardedFloats(untouched: rows * outputs, side)
      for piece in pieces {
        unsafe set.kernels.pointee.gemm(
          x.pointer, weight.pointer, bias?.pointer, y.pointer, Int64(rows), Int64(depth), Int64(outputs),
          Int64(piece.lowerBound), Int64(piece.upperBound), activation, slope)
      }
      return y.elements
    }

    /// The result and what its error is relative to, in float64.
    func exact() -> [(value: Double, magnitude: Double)] {
      (0..<rows * outputs).map { index in
        let (row, output) = (index / outputs, index % outputs)
        let products = (0..<depth).map { Double(x[row * depth + $0]) * Double(weight[output * depth + $0]) }
        let bias = Double(bias?[output] ?? 0)
        return (products.reduce(bias, +), products.reduce(abs(bias)) { $0 + abs($1) })
      }
    }
  }

  @Test func everySetIsNearTheExactResult() {
    var random = SeededRandom(seed: 31)
    for number in 0..<configurationCount {
      let data = Data(&random)
      let exact = data.exact()
      for set in TestedSet.all {
        let whole = data.run(set, guard: .behind, pieces: [0..<Int32(data.outputs)])
        for (found, wanted) in zip(whole, exact) {
          let expected = activated(wanted.value, data.activation, Double(data.slope))
          // 16 units in the last place of the addends' magnitude, and 4 of the result for the activation.
          let bound = 16 * 0x1p-24 * wanted.magnitude + 4 * 0x1p-24 * abs(expected)
          #expect(abs(Double(found) - expected) <= bound, "\(set.testDescription), \(number): \(data.depth)")
        }
        let pieces = random.pieces(of: (data.outputs + 3) / 4).map {
          min($0.lowerBound * 4, Int32(data.outputs))..<min($0.upperBound * 4, Int32(data.outputs))
        }
        let split = data.run(set, guard: .before, pieces: pieces)
        #expect(split.hasSameBits(as: whole), "\(set.testDescription), \(number)")
      }
    }
  }

  @Test(arguments: TestedSet.all) func onlyTheRangeIsWritten(_ set: TestedSet) {
    var random = SeededRandom(seed: 32)
    for _ in 0..<50 {
      let data = Data(&random)
      let piece = random.pick(random.pieces(of: data.outputs))
      let result = data.run(set, guard: .behind, pieces: [piece])
      for index in result.indices {
        #expect(result[index].isUntouched != piece.contains(Int32(index % data.outputs)))
      }
    }
  }

  /// A checkpoint may hold weights at any address.
  @Test(arguments: TestedSet.all) func weightsMayBeUnaligned(_ set: TestedSet) {
    let values = (0..<67).map { Float($0) }
    for shift in 0..<4 {
      var bytes = [UInt8](repeating: 0, count: 67 * 4 + shift)
      unsafe bytes.withUnsafeMutableBytes {
        unsafe ($0.baseAddress! + shift).copyMemory(from: values, byteCount: 67 * 4)
      }
      var y: [Float] = [0]
      unsafe bytes.withUnsafeBytes { memory in
        let weight = unsafe UnsafePointer<Float>(bitPattern: UInt(bitPattern: memory.baseAddress!) + UInt(shift))
        unsafe set.kernels.pointee.gemm(
          [Float](repeating: 1, count: 67), weight, nil, &y, 1, 67, 1, 0, 1, Int32(MTLK_NO_ACTIVATION), 0)
      }
      #expect(y == [67 * 33])
    }
  }
}
