import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Kernels of bytes") struct ByteKernelTests {
  /// The same elements from every set with the guard on either side, which are returned.
  private func same<Element: Equatable>(
    _ story: String, _ run: (TestedSet, MemoryGuard) -> [Element]
  ) -> [Element] {
    let expected = run(.scalar, .behind)
    for set in TestedSet.all {
      for side in MemoryGuard.allCases {
        #expect(run(set, side) == expected, "\(set.testDescription), \(story)")
      }
    }
    return expected
  }

  private func grid(_ random: inout SeededRandom) throws -> ByteGrid {
    let zeroPoint = random.pick([0, 255, 128, random.integer(0...255)])
    return try #require(
      ByteGrid(scale: random.pick([0.25, 1, random.floats(1, in: 0.001...3)[0]]), zeroPoint: UInt8(zeroPoint)))
  }

  /// Anything near the grid and far from it, halves between its numbers, and what is no number.
  private func values(_ count: Int, _ grid: ByteGrid, _ random: inout SeededRandom) -> [Float] {
    (0..<count).map { _ in
      let step = Float(random.integer(-300...300)) + random.pick([0, 0.5, random.floats(1)[0]])
      let specials: [Float] = [.nan, -.nan, .infinity, -.infinity, -0.0, 1e30, -1e30, 1e-40]
      return random.once(in: 20) ? random.pick(specials) : step * grid.scale
    }
  }

  @Test func quantize() throws {
    var random = SeededRandom(seed: 121)
    for number in 0..<configurationCount {
      let (pixels, blocks, grid) = (random.integer(1...40), random.integer(1...9), try grid(&random))
      let values = values(16 * pixels * blocks, grid, &random)
      let pieces = random.pieces(of: pixels)
      let skipped = random.once(in: 3) ? random.pick(pieces) : 0..<0
      let found = same("\(number): \(grid)") { set, side in
        let input = GuardedFloats(values, side)
        let output = GuardedMemory(count: (blocks + 3) / 4 * 64 * pixels, guard: side, fill: UInt8(0xA5))
        for piece in pieces where piece != skipped {
          unsafe set.kernels.pointee.quantize(
            input.pointer, output.pointer, Int64(pixels), Int32(blocks), Int64(piece.lowerBound),
            Int64(piece.upperBound), grid.inverseScale, Int32(grid.zeroPoint))
        }
        return output.elements
      }
      let expected = found.indices.map { index in
        let (pixel, channel) = (index / 64 % pixels, index / (64 * pixels) * 64 + index % 64)
        guard channel < 16 * blocks, !skipped.contains(Int32(pixel)) else { return UInt8(0xA5) }
        return grid.code(of: values[(channel / 16 * pixels + pixel) * 16 + channel % 16])
      }
      #expect(found == expected, "\(number): \(grid)")
    }
  }

  @Test func quantizePixels() throws {
    var random = SeededRandom(seed: 126)
    for number in 0..<configurationCount {
      let (pixels, step, grid) = (random.integer(1...40), random.integer(1...16), try grid(&random))
      let channels = random.integer(1...min(step, 4))
      let values = values(step * pixels, grid, &random)
      let found = same("\(number): \(grid)") { set, side in
        let (input, output) = (
          GuardedFloats(values, side), GuardedMemory(count: 4 * pixels, guard: side, fill: UInt8(9))
        )
        unsafe set.kernels.pointee.quantize_pixels(
          input.pointer, Int64(step), Int32(channels), output.pointer, Int64(pixels), grid.inverseScale,
          Int32(grid.zeroPoint))
        return output.elements
      }
      let expected = found.indices.map { $0 % 4 < channels ? grid.code(of: values[$0 / 4 * step + $0 % 4]) : 0 }
      #expect(found == expected, "\(number): \(channels) of \(step), \(grid)")
    }
  }

  /// What quantize and dequantize make together, also in place.
  @Test func roundToGrid() throws {
    var random = SeededRandom(seed: 125)
    for number in 0..<configurationCount {
      let (count, grid, isInPlace) = (random.integer(1...200), try grid(&random), random.once(in: 2))
      let values = values(count, grid, &random)
      let found = same("\(number): \(grid)") { set, side in
        let input = GuardedFloats(values, side)
        let output = isInPlace ? input : GuardedFloats([Float](repeating: 0, count: count), side)
        unsafe set.kernels.pointee.round_to_grid(
          input.pointer, output.pointer, Int64(count), grid.scale, grid.inverseScale, Int32(grid.zeroPoint))
        return output.elements
      }
      #expect(found == values.map { FakeQuantize(grid: grid).apply($0) }, "\(number): \(grid)")
    }
  }

  @Test func dequantize() throws {
    var random = SeededRandom(seed: 122)
    for number in 0..<configurationCount {
      let (pixels, blocks, grid) = (random.integer(1...40), random.integer(1...9), try grid(&random))
      let codes = (0..<(blocks + 3) / 4 * 64 * pixels).map { _ in UInt8(random.integer(0...255)) }
      let pieces = random.pieces(of: pixels)
      let skipped = random.once(in: 3) ? random.pick(pieces) : 0..<0
      let found = same("\(number): \(grid)") { set, side in
        let input = GuardedMemory(codes, guard: side, fill: 0)
        let output = GuardedFloats(untouched: 16 * pixels * blocks, side)
        for piece in pieces where piece != skipped {
          unsafe set.kernels.pointee.dequantize(
            input.pointer, output.pointer, Int64(pixels), Int32(blocks), Int64(piece.lowerBound),
            Int64(piece.upperBound), grid.scale, Int32(grid.zeroPoint))
        }
        return output.elements.map(\.bitPattern)
      }
      let expected = found.indices.map { index in
        let (pixel, channel) = (index / 16 % pixels, index / (16 * pixels) * 16 + index % 16)
        if skipped.contains(Int32(pixel)) { return Float.untouched.bitPattern }
        return grid.value(of: codes[(channel / 64 * pixels + pixel) * 64 + channel % 64]).bitPattern
      }
      #expect(found == expected, "\(number): \(grid)")
    }
  }

  /// Also windows that cover nothing, which are 0.
  @Test func maxPool() throws {
    var random = SeededRandom(seed: 123)
    for number in 0..<configurationCount {
      let (shape, ceil) = WindowCase.pool(&random)
      let blocks = random.integer(1...3)
      var window = shape.kernelWindow(lane: 64, outputs: 64 * blocks)
      let codes = (0..<blocks * 64 * shape.rows * shape.columns).map { _ in UInt8(random.integer(0...255)) }
      let blockPieces = random.pieces(of: blocks)
      let rowPieces = random.pieces(of: shape.outputRows)
      let skipped = random.once(in: 3) ? random.pick(rowPieces) : 0..<0
      let pixels = shape.outputRows * shape.outputColumns
      let found = same("\(number): \(window)") { set, side in
        let input = GuardedMemory(codes, guard: side, fill: 0)
        let output = GuardedMemory(count: blocks * 64 * pixels, guard: side, fill: UInt8(0xA5))
        for block in blockPieces {
          for rows in rowPieces where rows != skipped {
            unsafe set.kernels.pointee.max_pool_bytes(
              &window, input.pointer, output.pointer, block.lowerBound, block.upperBound, rows.lowerBound,
              rows.upperBound)
          }
        }
        return output.elements
      }
      guard shape.window.kernel.rows * shape.window.kernel.columns < 30 else { continue }
      let inputPixels = shape.rows * shape.columns
      let plain = (0..<64 * inputPixels).map { Float(codes[$0 % inputPixels * 64 + $0 / inputPixels]) }
      let pooled = try MaxPool(shape.window, ceil: ceil)
        .evaluate([Tensor(plain, shape: [1, 64, shape.rows, shape.columns])])[0].floats()
      let expected = (0..<64 * pixels).map { index in
        let isSkipped = skipped.contains(Int32(index / 64 / shape.outputColumns))
        return isSkipped ? 0xA5 : UInt8(max(0, pooled[index % 64 * pixels + index / 64]))
      }
      #expect(Array(found.prefix(64 * pixels)) == expected, "\(number): \(window)")
    }
  }

  @Test func globalAverage() throws {
    var random = SeededRandom(seed: 124)
    for number in 0..<configurationCount {
      let (pixels, outputBlocks, grid) = (random.integer(1...200), random.integer(1...13), try grid(&random))
      let blocks = (outputBlocks + 3) / 4
      let isFull = random.once(in: 5)
      let codes = (0..<blocks * 64 * pixels).map { _ in isFull ? 255 : UInt8(random.integer(0...255)) }
      let pieces = random.pieces(of: blocks)
      let skipped = random.once(in: 3) ? random.pick(pieces) : 0..<0
      let found = same("\(number): \(pixels) pixels, \(grid)") { set, side in
        let (input, output) = (
          GuardedMemory(codes, guard: side, fill: 0), GuardedFloats(untouched: 16 * outputBlocks, side)
        )
        for piece in pieces where piece != skipped {
          unsafe set.kernels.pointee.global_average_bytes(
            input.pointer, output.pointer, Int64(pixels), piece.lowerBound, piece.upperBound, Int32(outputBlocks),
            grid.scale, Int32(grid.zeroPoint))
        }
        return output.elements.map(\.bitPattern)
      }
      let isRight = found.indices.allSatisfy { channel in
        let value = Float(bitPattern: found[channel])
        if skipped.contains(Int32(channel / 64)) { return value.isUntouched }
        let first = channel / 64 * pixels * 64 + channel % 64
        let mean = (0..<pixels).reduce(0.0) { $0 + Double(grid.value(of: codes[first + $1 * 64])) } / Double(pixels)
        return abs(Double(value) - mean) <= 1e-5 * Double(grid.scale) * 255
      }
      #expect(isRight, "\(number): \(pixels) pixels, \(grid)")
    }
  }

  /// More pixels than are added up at once.
  @Test(arguments: TestedSet.all) func averageOfManyPixels(_ set: TestedSet) {
    let pixels = (1 << 20) + 3
    let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64 * pixels)
    defer { unsafe input.deallocate() }
    unsafe input.initialize(repeating: 255)
    var output = [Float](repeating: 0, count: 16)
    unsafe set.kernels.pointee.global_average_bytes(input.baseAddress, &output, Int64(pixels), 0, 1, 1, 0.5, 55)
    #expect(output.allSatisfy { $0 == 100 })
  }

  @Test func packedWeights() throws {
    var random = SeededRandom(seed: 125)
    for number in 0..<configurationCount {
      let (outputs, inputs, taps) = (
        random.integer(1...50), random.integer(1...random.pick([6, 200])), random.integer(1...9)
      )
      let weights = (0..<outputs * inputs * taps).map { _ in Int8(random.integer(-128...127)) }
      let lane = inputs <= 4 ? 4 : 64
      let (outputBlocks, inputBlocks) = ((outputs + 15) / 16, (inputs + lane - 1) / lane)
      let size = 16 * lane
      let packed = GuardedMemory(count: outputBlocks * inputBlocks * taps * size, guard: .behind, fill: Int8(99))
      unsafe mtlk_pack_bytes(weights, packed.pointer, Int64(outputs), Int64(inputs), Int64(taps), Int64(lane))
      // Block, input block, tap, four, output, input of the four.
      let expected = (0..<packed.count).map { index in
        let (tile, place) = (index / size, index % size)
        let output = tile / (taps * inputBlocks) * 16 + place / 4 % 16
        let input = tile / taps % inputBlocks * lane + place / 64 * 4 + place % 4
        return output < outputs && input < inputs ? weights[(output * inputs + input) * taps + tile % taps] : 0
      }
      #expect(packed.elements == expected, "\(number): \(outputs) outputs, \(inputs) inputs, \(taps) taps")
      var sums = [Int32](repeating: 99, count: outputBlocks * 16)
      unsafe mtlk_sum_bytes(packed.pointer, &sums, Int64(outputBlocks), Int64(inputBlocks * taps * size))
      #expect(
        sums
          == (0..<outputBlocks * 16).map { output in
            guard output < outputs else { return 0 }
            return weights[output * inputs * taps..<(output + 1) * inputs * taps].reduce(0) { $0 + Int32($1) }
          })
      guard lane == ByteBlocks.inputLane else { continue }
      // Files hold the same order.
      let tensor = Tensor(elements: weights, .int8, [outputs, inputs, taps, 1])
      let blocks = try #require(try ByteBlocks(tensor))
      #expect(Tensor(unchecked: blocks.bytes, .int8, [packed.count]).elements(as: Int8.self) == expected)
    }
  }
}
