import CMTLKernels
import MTLGraph
import TestSupport

/// A random convolution and its operands, plain and in the kernels' order.
struct ConvolutionData {
  let window: mtlk_window
  let operation: Convolution
  let outputChannels: Int
  /// x, weight and bias as the operator takes them.
  let plain: [Tensor]
  let input: [Float]
  let weights: [Float]
  let bias: [Float]
  /// What is added to or multiplied with the sums, in the order of the output.
  let operand: [Float]?

  enum Kind { case any, winograd, longRow }

  /// At most about `budget` multiplications; the input has the `specials` somewhere.
  init(budget: Int, specials: [Float] = [], kind: Kind = .any, _ random: inout SeededRandom) {
    var shape =
      switch kind {
      case .any: WindowCase.convolution(&random)
      case .winograd: WindowCase.winograd(&random)
      case .longRow: WindowCase.longRow(&random)
      }
    let kernel = shape.window.kernel
    let each = kernel.rows * kernel.columns * shape.outputRows * shape.outputColumns
    shape.channels = max(1, min(shape.channels, budget / each))
    let outputs = max(1, min(random.integer(1...96), budget / (each * shape.channels)))
    let lane = shape.channels < 16 && kind == .any && !random.once(in: 4) ? shape.channels : 16
    var window = shape.kernelWindow(lane: lane, outputs: outputs)
    window.activation = Int32(random.pick([MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU]))
    window.slope = random.pick([0.01, 0.2, 1, -0.5])
    if random.once(in: 3) {
      window.activation = Int32(MTLK_NO_ACTIVATION)
      window.row_activation = Int32(random.pick([MTLK_SIGMOID, MTLK_TANH, MTLK_RELU]))
    }
    let outputCount = Int(window.output_blocks * window.output_rows * window.output_columns) * 16
    if random.once(in: 2) {
      window.operand = Int32(random.pick([MTLK_ADD_OPERAND, MTLK_MULTIPLY_OPERAND]))
      window.operand_activation = Int32(random.pick([MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU]))
      operand = random.floats(outputCount)
    } else {
      operand = nil
    }
    self.window = window
    operation = Convolution(
      stride: shape.window.stride, dilation: shape.window.dilation, padding: shape.window.padding)
    outputChannels = outputs
    plain = [
      random.tensor([1, shape.channels, shape.rows, shape.columns]),
      random.tensor([outputs, shape.channels, kernel.rows, kernel.columns]), random.tensor([outputs]),
    ]
    var input = ConvolutionData.blocked(plain[0], lane: lane, &random)
    for special in specials { input[random.integer(0...input.count - 1)] = special }
    self.input = input
    weights = ConvolutionData.packed(plain[1], lane: lane)
    bias = (try? plain[2].floats() + [Float](repeating: 0, count: Int(window.output_blocks) * 16 - outputs)) ?? []
  }

  var outputCount: Int { Int(window.output_blocks * window.output_rows * window.output_columns) * 16 }

  /// Filling channels get any finite numbers: they must not matter.
  private static func blocked(_ image: Tensor, lane: Int, _ random: inout SeededRandom) -> [Float] {
    let (channels, pixels) = (image.shape[1], image.shape[2] * image.shape[3])
    let values = (try? image.floats()) ?? []
    let blocks = (channels + lane - 1) / lane
    return (0..<blocks * pixels * lane).map { index in
      let channel = index / (pixels * lane) * lane + index % lane
      return channel < channels
        ? values[channel * pixels + index / lane % pixels] : Float.random(in: -9...9, using: &random)
    }
  }

  private static func packed(_ weight: Tensor, lane: Int) -> [Float] {
    let (outputs, inputs, taps) = (weight.shape[0], weight.shape[1], weight.shape[2] * weight.shape[3])
    let count = (outputs + 15) / 16 * ((inputs + lane - 1) / lane) * taps * lane * 16
    var packed = [Float](repeating: .nan, count: count)
    let values = (try? weight.floats()) ?? []
    unsafe mtlk_pack_convolution(values, nil, &packed, Int64(outputs), Int64(inputs), Int64(taps), Int64(lane))
    return packed
  }

  /// Runs a set over pieces of the work, in guarded memory.
  func run(
    _ set: TestedSet, guard side: GuardedFloats.Guard, blocks: [Range<Int32>], rows: [Range<Int32>]
  ) -> [Float] {
    let (input, weights) = (GuardedFloats(input, side), GuardedFloats(weights, side))
    let (bias, output) = (GuardedFloats(bias, side), GuardedFloats(untouched: outputCount, side))
    let operand = operand.map { GuardedFloats($0, side) }
    var window = window
    for block in blocks {
      for row in rows {
        unsafe set.kernels.pointee.convolution(
          &window, input.pointer, weights.pointer, bias.pointer, operand?.pointer, output.pointer, block.lowerBound,
          block.upperBound, row.lowerBound, row.upperBound)
      }
    }
    return output.elements
  }

  func runWhole(_ set: TestedSet, guard side: GuardedFloats.Guard) -> [Float] {
    run(set, guard: side, blocks: [0..<window.output_blocks], rows: [0..<window.output_rows])
  }

  /// For each output the sum of the absolute values of all its addends: what rounding errors are relative to.
  func magnitudes() -> [Float] {
    var window = window
    window.activation = Int32(MTLK_NO_ACTIVATION)
    window.row_activation = Int32(MTLK_NO_ACTIVATION)
    window.operand_activation = Int32(MTLK_NO_ACTIVATION)
    let operand = self.operand.map { GuardedFloats($0.map(abs), .behind) }
    var result = [Float](repeating: 0, count: outputCount)
    unsafe TestedSet.scalar.kernels.pointee.convolution(
      &window, input.map(abs), weights.map(abs), bias.map(abs), operand?.pointer, &result, 0, window.output_blocks, 0,
      window.output_rows)
    return result
  }

  /// The operator's result in the kernels' order, filling channels left out as NaN.
  func reference() throws -> [Float] {
    let values = try operation.evaluate(plain)[0].floats()
    let pixels = Int(window.output_rows * window.output_columns)
    return (0..<outputCount).map { index in
      let channel = index / (pixels * 16) * 16 + index % 16
      guard channel < outputChannels else { return .nan }
      var value = activated(values[channel * pixels + index / 16 % pixels], window.activation)
      value = activated(value, window.row_activation)
      guard let operand else { return value }
      value = window.operand == MTLK_ADD_OPERAND ? value + operand[index] : value * operand[index]
      return activated(value, window.operand_activation)
    }
  }

  private func activated(_ value: Float, _ activation: Int32) -> Float {
    switch Int(activation) {
    case MTLK_RELU: max(value, 0)
    case MTLK_LEAKY_RELU: value >= 0 ? value : value * window.slope
    case MTLK_SIGMOID: Sigmoid().apply(value)
    case MTLK_TANH: Tanh().apply(value)
    default: value
    }
  }
}
