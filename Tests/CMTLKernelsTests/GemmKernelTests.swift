import CMTLKernels
import TestSupport
import Testing

@Suite("Gemm kernels") struct GemmKernelTests {
  private struct Data {
    var shape = mtlk_gemm()
    let rows: Int
    let depth: Int
    let outputs: Int
    let x: [Float]
    let weight: [Float]
    let bias: [Float]?

    /// Few rows and many, with others between them or pages apart; depths around the steps of both ways and of chunks, and
    /// outputs around groups of 4 and blocks of 16.
    init(_ random: inout SeededRandom) {
      rows = random.once(in: 2) ? random.integer(1...19) : random.once(in: 16) ? 193 : random.integer(1...50)
      depth = random.once(in: 4) ? 32 * random.integer(0...9) + random.integer(0...1) : random.integer(0...300)
      outputs = random.once(in: 4) ? random.integer(1...100) : random.integer(1...21)
      let isByInput = random.once(in: 2)
      let gap = random.pick([0, 0, 1, 20])
      let xStep = random.once(in: 4) ? 1024 : depth + gap
      let (lines, width) = isByInput ? (depth, outputs) : (outputs, depth)
      (shape.rows, shape.depth, shape.is_by_input) = (Int64(rows), Int64(depth), isByInput ? 1 : 0)
      (shape.x_step, shape.weight_step) = (Int64(xStep), Int64(width + gap))
      shape.y_step = Int64(outputs + gap)
      shape.activation = Int32(random.integer(MTLK_NO_ACTIVATION...MTLK_TANH))
      shape.slope = random.pick([0.01, 0.3, -0.5])
      x = random.floats((rows - 1) * xStep + depth)
      weight = random.floats(lines > 0 ? (lines - 1) * (width + gap) + width : 0)
      bias = random.once(in: 2) ? nil : random.floats(outputs)
    }

    func run(
      _ set: TestedSet, guard side: GuardedFloats.Guard, rows ranges: [Range<Int32>], outputs pieces: [Range<Int32>]
    ) -> [Float] {
      var shape = shape
      let (x, weight) = (GuardedFloats(x, side), GuardedFloats(weight, side))
      let bias = bias.map { GuardedFloats($0, side) }
      let y = GuardedFloats(untouched: (rows - 1) * Int(shape.y_step) + outputs, side)
      for piece in pieces {
        for range in ranges {
          unsafe set.kernels.pointee.gemm(
            &shape, x.pointer, weight.pointer, bias?.pointer, y.pointer, Int64(range.lowerBound),
            Int64(range.upperBound), Int64(piece.lowerBound), Int64(piece.upperBound))
        }
      }
      return y.elements
    }

    /// The output's row and place in it; a place beyond the outputs is not the kernel's.
    func place(of index: Int) -> (row: Int, output: Int) {
      (index / Int(shape.y_step), index % Int(shape.y_step))
    }

    /// The result and what its error is relative to, in float64.
    func exact(_ row: Int, _ output: Int) -> (value: Double, magnitude: Double) {
      let (xStep, weightStep) = (Int(shape.x_step), Int(shape.weight_step))
      var (value, magnitude) = (Double(bias?[output] ?? 0), Double(abs(bias?[output] ?? 0)))
      for input in 0..<depth {
        let place = shape.is_by_input == 1 ? input * weightStep + output : output * weightStep + input
        let product = Double(x[row * xStep + input]) * Double(weight[place])
        value += product
        magnitude += abs(product)
      }
      return (value, magnitude)
    }
  }

  @Test func everySetIsNearTheExactResult() {
    var random = SeededRandom(seed: 31)
    for number in 0..<configurationCount {
      let data = Data(&random)
      let story = "\(number): \(data.rows) rows of \(data.depth), \(data.outputs) outputs"
      let (rows, outputs) = (random.pieces(of: data.rows), random.pieces(of: data.outputs))
      var exact: [Int: (value: Double, magnitude: Double)] = [:]
      for set in TestedSet.all {
        let whole = data.run(set, guard: .behind, rows: [0..<Int32(data.rows)], outputs: [0..<Int32(data.outputs)])
        for (index, found) in whole.enumerated() {
          let (row, output) = data.place(of: index)
          guard output < data.outputs else { continue }
          let wanted = exact[index] ?? data.exact(row, output)
          exact[index] = wanted
          let expected = activated(wanted.value, data.shape.activation, Double(data.shape.slope))
          // 16 units in the last place of the addends' magnitude, and 4 of the result for the activation.
          let bound = 16 * 0x1p-24 * wanted.magnitude + 4 * 0x1p-24 * abs(expected)
          #expect(abs(Double(found) - expected) <= bound, "\(set.testDescription), \(story)")
        }
        let split = data.run(set, guard: .before, rows: rows, outputs: outputs)
        #expect(split.hasSameBits(as: whole), "\(set.testDescription), \(story)")
      }
    }
  }

  @Test(arguments: TestedSet.all) func onlyTheRangeIsWritten(_ set: TestedSet) {
    var random = SeededRandom(seed: 32)
    for _ in 0..<50 {
      let data = Data(&random)
      let (rows, outputs) = (random.pick(random.pieces(of: data.rows)), random.pick(random.pieces(of: data.outputs)))
      let result = data.run(set, guard: .behind, rows: [rows], outputs: [outputs])
      for index in result.indices {
        let (row, output) = data.place(of: index)
        #expect(result[index].isUntouched != (rows.contains(Int32(row)) && outputs.contains(Int32(output))))
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
        var shape = mtlk_gemm()
        (shape.rows, shape.depth, shape.weight_step) = (1, 67, 67)
        unsafe set.kernels.pointee.gemm(
          &shape, [Float](repeating: 1, count: 67), weight!, nil, &y, 0, 1, 0, 1)
      }
      #expect(y == [67 * 33])
    }
  }
}
