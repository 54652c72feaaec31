import CMTLKernels
import MTLGraph
import TestSupport
import Testing

@Suite("Depthwise windows") struct DepthwiseKernelTests {
  @Test func depthwiseConvolutions() {
    var random = SeededRandom(seed: 91)
    for number in 0..<configurationCount {
      let shape = WindowCase.convolution(&random)
      var window = shape.kernelWindow(lane: 16, outputs: shape.channels)
      window.activation = Int32(random.integer(MTLK_NO_ACTIVATION...MTLK_LEAKY_RELU))
      window.slope = 0.25
      let blocks = Int(window.output_blocks)
      let image = random.floats(blocks * shape.rows * shape.columns * 16)
      let weights = random.floats(blocks * shape.window.kernel.rows * shape.window.kernel.columns * 16)
      let bias = random.floats(blocks * 16)
      let (blockPieces, rowPieces) = (random.pieces(of: blocks), random.pieces(of: shape.outputRows))
      checkSets(within: 1e-5, "\(number): \(window)") { set, side in
        let (input, filters) = (GuardedFloats(image, side), GuardedFloats(weights, side))
        let offsets = GuardedFloats(bias, side)
        let output = GuardedFloats(untouched: blocks * shape.outputRows * shape.outputColumns * 16, side)
        for block in blockPieces {
          for row in rowPieces {
            unsafe set.kernels.pointee.depthwise(
              &window, input.pointer, filters.pointer, offsets.pointer, output.pointer, block.lowerBound,
              block.upperBound, row.lowerBound, row.upperBound)
          }
        }
        return output.elements
      }
    }
  }

  @Test func placesOfMaxima() {
    var random = SeededRandom(seed: 92)
    for number in 0..<configurationCount {
      let shape = WindowCase.pool(&random).0
      var window = shape.kernelWindow(lane: 16, outputs: shape.channels)
      let blocks = Int(window.output_blocks)
      var image = random.floats(blocks * shape.rows * shape.columns * 16).map { ($0 * 4).rounded() }
      for special in [Float.nan, .infinity, -.infinity] where random.once(in: 3) {
        image[random.integer(0...image.count - 1)] = special
      }
      let (blockPieces, rowPieces) = (random.pieces(of: blocks), random.pieces(of: shape.outputRows))
      checkSets(within: 0, "\(number): \(window)") { set, side in
        let input = GuardedFloats(image, side)
        let outputs = (0..<2).map { _ in
          GuardedFloats(untouched: blocks * shape.outputRows * shape.outputColumns * 16, side)
        }
        for block in blockPieces {
          for row in rowPieces {
            unsafe set.kernels.pointee.max_pool_indices(
              &window, input.pointer, outputs[0].pointer, outputs[1].pointer, block.lowerBound, block.upperBound,
              row.lowerBound, row.upperBound)
          }
        }
        return outputs.flatMap(\.elements)
      }
    }
  }

  @Test(arguments: TestedSet.all) func firstOfEqualsLastOfNaNs(_ set: TestedSet) {
    func place(_ values: [Float]) -> Float {
      var window = mtlk_window()
      (window.input_rows, window.input_columns, window.input_blocks, window.input_lane) = (1, 4, 1, 16)
      (window.output_rows, window.output_columns, window.output_blocks, window.output_channels) = (1, 1, 1, 1)
      (window.kernel_rows, window.kernel_columns, window.stride_rows, window.stride_columns) = (1, 4, 1, 1)
      (window.dilation_rows, window.dilation_columns) = (1, 1)
      let input = GuardedFloats(values.flatMap { [$0] + [Float](repeating: 7, count: 15) }, .behind)
      let outputs = (0..<2).map { _ in GuardedFloats(untouched: 16, .behind) }
      unsafe set.kernels.pointee.max_pool_indices(
        &window, input.pointer, outputs[0].pointer, outputs[1].pointer, 0, 1, 0, 1)
      return outputs[1].elements[0]
    }
    #expect(place([1, 3, 3, 2]) == 1)
    #expect(place([1, .nan, .nan, 5]) == 2)
    #expect(place([-.infinity, -.infinity, -.infinity, -.infinity]) == 0)
  }

  @Test func unpoolingScatters() {
    var random = SeededRandom(seed: 93)
    for _ in 0..<configurationCount {
      let (channels, inputs, outputs) = (random.integer(1...40), random.integer(1...20), random.integer(1...50))
      let blocks = (channels + 15) / 16
      let values = random.floats(blocks * inputs * 16)
      let places = (0..<values.count).map { _ in
        random.once(in: 8) ? random.pick([.nan, -1, Float(outputs), 1e30]) : Float(random.integer(0...outputs - 1))
      }
      var expected = [Float](repeating: 0, count: blocks * outputs * 16)
      for (index, place) in places.enumerated() where place >= 0 && place < Float(outputs) {
        let (block, lane) = (index / (16 * inputs), index % 16)
        if block * 16 + lane < channels { expected[(block * outputs + Int(place)) * 16 + lane] = values[index] }
      }
      for side in GuardedFloats.Guard.allCases {
        let (input, indices) = (GuardedFloats(values, side), GuardedFloats(places, side))
        let output = GuardedFloats(untouched: expected.count, side)
        for piece in random.pieces(of: blocks) {
          unsafe mtlk_max_unpool(
            input.pointer, indices.pointer, output.pointer, Int64(inputs), Int64(outputs), Int32(channels),
            piece.lowerBound, piece.upperBound)
        }
        #expect(output.elements == expected)
      }
    }
  }
}
