import CMTLKernels
import MTLGraph
import TestSupport

/// A random convolution of halves and its operands, plain and in the kernels' order.
struct HalvesConvolutionData {
  enum Operand { case none, floats([Float]), halves([UInt16]) }

  /// `plain`: sums and bias alone, in floats.
  enum Kind { case any, longRow, plain }

  let shape: WindowCase
  let window: mtlk_window
  let forms: mtlk_halves
  let input: [UInt16]
  /// [output][input][tap], which halves hold.
  let plainWeights: [Float]
  let weights: [UInt16]
  let bias: [Float]
  let operand: Operand

  private static let channelCounts = [
    1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 33, 48, 61, 63, 64, 65, 67, 96, 127, 128, 129, 191, 251, 256, 257, 389,
    509, 512, 613, 768, 1021, 1024,
  ]
  private static let outputCounts = [1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 37, 47, 48, 49, 61, 64, 65, 83, 96, 97, 113]

  /// At most about `budget` multiplications; the input has the `specials` somewhere.
  init(budget: Int, kind: Kind = .any, specials: [Float] = [], _ random: inout SeededRandom) {
    var shape = kind == .longRow ? WindowCase.longRow(&random) : WindowCase.convolution(&random)
    let taps = shape.window.kernel.rows * shape.window.kernel.columns
    let each = taps * shape.outputRows * shape.outputColumns
    shape.channels = max(1, min(random.pick(HalvesConvolutionData.channelCounts), budget / each))
    let outputs = max(
      1,
      min(random.pick(HalvesConvolutionData.outputCounts), max(random.integer(1...3), budget / (each * shape.channels)))
    )
    self.shape = shape
    window =
      kind == .plain
      ? shape.kernelWindow(lane: 32, outputs: outputs)
      : HalvesConvolutionData.window(shape, outputs: outputs, &random)
    let (blocks, pixels) = (Int(window.output_blocks), Int(window.output_rows * window.output_columns))
    var input = Halves.image(
      blocks: Int(window.input_blocks), pixels: shape.rows * shape.columns, channels: shape.channels, &random)
    let inputPixels = shape.rows * shape.columns
    for special in specials {
      let (channel, pixel) = (random.integer(0...shape.channels - 1), random.integer(0...inputPixels - 1))
      input[(channel / 32 * inputPixels + pixel) * 32 + channel % 32] = Halves.nearest(special)
    }
    self.input = input
    plainWeights = Halves.halves(outputs * shape.channels * taps, &random).map(Halves.value)
    var packed = [UInt16](repeating: 99, count: blocks * Int(window.input_blocks) * taps * 512)
    unsafe mtlk_pack_halves(plainWeights, nil, &packed, Int64(outputs), Int64(shape.channels), Int64(taps))
    weights = packed
    bias = random.floats(blocks * 16, in: -3...3)
    var forms = mtlk_halves(
      input_channels: Int32(shape.channels), operand_is_half: 0,
      output_is_half: kind == .plain ? 0 : Int32(random.integer(0...1)))
    switch kind == .plain ? 0 : random.integer(0...2) {
    case 0: operand = .none
    case 1: operand = .floats(random.floats(blocks * 16 * pixels, in: -3...3))
    default:
      operand = .halves(Halves.halves((blocks + 1) / 2 * 32 * pixels, &random))
      forms.operand_is_half = 1
    }
    self.forms = forms
  }

  private static func window(_ shape: WindowCase, outputs: Int, _ random: inout SeededRandom) -> mtlk_window {
    let cheap = [MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU]
    var window = shape.kernelWindow(lane: 32, outputs: outputs)
    window.activation = Int32(random.pick(cheap))
    window.slope = random.pick([0.25, 1, 0.5])
    if random.once(in: 3) {
      window.activation = Int32(random.pick([MTLK_NO_ACTIVATION, MTLK_RELU]))
      window.row_activation = Int32(random.integer(MTLK_RELU...MTLK_CLIPPED_RELU))
    }
    window.operand = Int32(random.pick([MTLK_ADD_OPERAND, MTLK_MULTIPLY_OPERAND]))
    window.operand_activation = Int32(random.pick(cheap))
    return window
  }

  var hasHalfOutput: Bool { forms.output_is_half != 0 }
  var pixelCount: Int { Int(window.output_rows * window.output_columns) }
  /// Blocks of 16 that the output has room for.
  var roomBlocks: Int {
    hasHalfOutput ? (Int(window.output_blocks) + 1) / 2 * 2 : Int(window.output_blocks)
  }

  /// The output after a set ran over pieces of the work in guarded memory, by place (see `place`); halves as floats.
  /// What is not written is `untouched`.
  func run(
    _ set: TestedSet, guard side: MemoryGuard, blocks: [Range<Int32>], rows: [Range<Int32>]
  ) -> [Float] {
    let input = GuardedMemory(input, guard: side, fill: 0)
    let weights = GuardedMemory(weights, guard: side, fill: 0)
    let bias = GuardedFloats(bias, side)
    var (window, forms) = (window, forms)
    let sums = GuardedFloats(
      untouched: Int(unsafe set.kernels.pointee.half_sum_count(&window, forms.input_channels)), side)
    let floats: GuardedFloats? = if case .floats(let values) = operand { GuardedFloats(values, side) } else { nil }
    let halves: GuardedMemory<UInt16>? =
      if case .halves(let values) = operand { GuardedMemory(values, guard: side, fill: 0) } else { nil }
    let other = unsafe UnsafeRawPointer(floats?.pointer) ?? UnsafeRawPointer(halves?.pointer)
    let floatOutput = hasHalfOutput ? nil : GuardedFloats(untouched: roomBlocks * 16 * pixelCount, side)
    let halfOutput =
      hasHalfOutput
      ? GuardedMemory(count: roomBlocks * 16 * pixelCount, guard: side, fill: HalvesConvolutionData.untouched) : nil
    for block in blocks {
      for row in rows {
        unsafe set.kernels.pointee.convolution_halves(
          &window, &forms, input.pointer, weights.pointer, bias.pointer, other,
          UnsafeMutableRawPointer(floatOutput?.pointer) ?? UnsafeMutableRawPointer(halfOutput?.pointer), sums.pointer,
          block.lowerBound, block.upperBound, row.lowerBound, row.upperBound)
      }
    }
    if let floatOutput { return floatOutput.elements }
    return halfOutput?.elements.map { $0 == HalvesConvolutionData.untouched ? .untouched : Halves.value($0) } ?? []
  }

  /// A NaN that no kernel makes.
  private static let untouched: UInt16 = 0x7FA5

  func runWhole(_ set: TestedSet, guard side: MemoryGuard) -> [Float] {
    run(set, guard: side, blocks: [0..<window.output_blocks], rows: [0..<window.output_rows])
  }

  /// Where an element of the output is.
  func place(_ block: Int, _ pixel: Int, _ lane: Int) -> Int {
    hasHalfOutput ? Halves.place(block, pixelCount, pixel, lane) : (block * pixelCount + pixel) * 16 + lane
  }

  /// All places of the output, also of a block of 16 that fills one of halves up.
  func places(_ visit: (_ block: Int, _ pixel: Int, _ lane: Int) -> Void) {
    for block in 0..<roomBlocks {
      for pixel in 0..<pixelCount {
        for lane in 0..<16 { visit(block, pixel, lane) }
      }
    }
  }

  /// For each output the sum of the absolute values of all its addends, in blocks of 16 floats: what rounding errors are
  /// relative to.
  func magnitudes() -> [Float] {
    var (window, forms) = (window, forms)
    window.activation = Int32(MTLK_NO_ACTIVATION)
    window.row_activation = Int32(MTLK_NO_ACTIVATION)
    window.operand_activation = Int32(MTLK_NO_ACTIVATION)
    forms.output_is_half = 0
    var result = [Float](repeating: 0, count: Int(window.output_blocks) * 16 * pixelCount)
    func compute(_ operand: UnsafeRawPointer?) {
      unsafe TestedSet.scalar.kernels.pointee.convolution_halves(
        &window, &forms, input.map { $0 & 0x7FFF }, weights.map { $0 & 0x7FFF }, bias.map(abs), operand, &result, nil,
        0, window.output_blocks, 0, window.output_rows)
    }
    switch operand {
    case .none: compute(nil)
    case .floats(let values): unsafe values.map(abs).withUnsafeBytes { unsafe compute($0.baseAddress) }
    case .halves(let values): unsafe values.map { $0 & 0x7FFF }.withUnsafeBytes { unsafe compute($0.baseAddress) }
    }
    return result
  }
}
