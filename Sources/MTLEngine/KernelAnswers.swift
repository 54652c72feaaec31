import CMTLKernels

/// What the kernels of a set make of small convolutions: 35 outputs on 3 x 19 pixels, from three taps either way. And of a small
/// attention of bfloat16.
struct KernelAnswers {
  private(set) var floats: [Float] = []
  /// From products of bfloat16.
  private(set) var halves: [Float] = []
  /// From attention of bfloat16.
  private(set) var attention: [Float] = []
  /// Products of bytes are exact: all sets give the same.
  private(set) var bytes: [UInt8] = []

  private static let (rows, columns, taps) = (3, 19, 9)
  private static let (outputs, outputBlocks) = (35, 3)
  private static let bias = pattern(outputBlocks * Layout.lane)

  init() {}

  @unsafe init(_ functions: UnsafePointer<mtlk_kernel_set>) {
    unsafe multiplyFloats(functions)
    unsafe multiplyHalves(functions)
    unsafe attend(functions)
    unsafe multiplyBytes(functions)
  }

  static func areNear(_ left: [Float], _ right: [Float], within tolerance: Float) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) < tolerance }
  }

  private static func window(inputBlocks: Int, lane: Int) -> mtlk_window {
    var window = mtlk_window()
    (window.input_rows, window.input_columns) = (Int32(rows), Int32(columns))
    (window.input_blocks, window.input_lane) = (Int32(inputBlocks), Int32(lane))
    (window.output_rows, window.output_columns) = (Int32(rows), Int32(columns))
    (window.output_blocks, window.output_channels) = (Int32(outputBlocks), Int32(outputs))
    (window.kernel_rows, window.kernel_columns) = (3, 3)
    (window.stride_rows, window.stride_columns, window.dilation_rows, window.dilation_columns) = (1, 1, 1, 1)
    (window.padding_top, window.padding_left, window.padding_bottom, window.padding_right) = (1, 1, 1, 1)
    window.activation = Int32(MTLK_RELU)
    return window
  }

  private static var outputCount: Int { rows * columns * outputBlocks * Layout.lane }

  private static func pattern(_ count: Int) -> [Float] {
    (0..<count).map { Float(($0 * 37 + 11) % 41 - 20) / 20 }
  }

  private static func weights(inputs: Int) -> [Float] { pattern(outputs * inputs * taps) }

  @unsafe private mutating func multiplyFloats(_ functions: UnsafePointer<mtlk_kernel_set>) {
    let (inputs, lane) = (32, Layout.lane)
    var window = KernelAnswers.window(inputBlocks: inputs / lane, lane: lane)
    var packed = [Float](repeating: 0, count: KernelAnswers.outputBlocks * lane * inputs * KernelAnswers.taps)
    unsafe mtlk_pack_convolution(
      KernelAnswers.weights(inputs: inputs), nil, &packed, Int64(KernelAnswers.outputs), Int64(inputs),
      Int64(KernelAnswers.taps),
      Int64(lane))
    floats = [Float](repeating: 0, count: KernelAnswers.outputCount)
    unsafe functions.pointee.convolution(
      &window, KernelAnswers.pattern(KernelAnswers.rows * KernelAnswers.columns * inputs), packed, KernelAnswers.bias,
      nil, &floats, 0,
      window.output_blocks, 0, window.output_rows)
  }

  /// Three blocks of inputs, of which the last is mostly empty.
  @unsafe private mutating func multiplyHalves(_ functions: UnsafePointer<mtlk_kernel_set>) {
    let (inputs, blocks, lane) = (70, 3, Int(MTLK_HALF_LANE))
    var window = KernelAnswers.window(inputBlocks: blocks, lane: lane)
    var forms = mtlk_halves(input_channels: Int32(inputs), operand_is_half: 0, output_is_half: 0)
    var packed = [UInt16](
      repeating: 0, count: KernelAnswers.outputBlocks * Layout.lane * blocks * lane * KernelAnswers.taps)
    unsafe mtlk_pack_halves(
      KernelAnswers.weights(inputs: inputs), nil, &packed, Int64(KernelAnswers.outputs), Int64(inputs),
      Int64(KernelAnswers.taps))
    var sums = [Float](repeating: 0, count: Int(unsafe functions.pointee.half_sum_count(&window, Int32(inputs))))
    let input = KernelAnswers.pattern(KernelAnswers.rows * KernelAnswers.columns * blocks * lane).map(\.bitsAsBFloat16)
    halves = [Float](repeating: 0, count: KernelAnswers.outputCount)
    unsafe functions.pointee.convolution_halves(
      &window, &forms, input, packed, KernelAnswers.bias, nil, &halves, &sums, 0, window.output_blocks, 0,
      window.output_rows)
  }

  /// Of 35 queries to 49 keys, in two blocks of channels.
  @unsafe private mutating func attend(_ functions: UnsafePointer<mtlk_kernel_set>) {
    let (queries, keys, lane) = (35, 49, Int(MTLK_HALF_LANE))
    let (blocks, tiles) = (2, 2)
    var shape = mtlk_attention_halves(
      queries: Int64(queries), keys: Int64(keys), depth_blocks: Int64(blocks), value_blocks: Int64(2 * blocks),
      bias_stride: 0, scale: 0.125, output_is_half: 0)
    let image = KernelAnswers.pattern(keys * blocks * lane).map(\.bitsAsBFloat16)
    var packedKeys = [UInt16](repeating: 0, count: tiles * lane * blocks * lane)
    var packedValues = packedKeys
    unsafe functions.pointee.pair_keys(image, Int64(keys), Int64(blocks), &packedKeys, 0, Int64(tiles))
    unsafe functions.pointee.pair_values(image, Int64(keys), Int64(2 * blocks), &packedValues, 0, Int64(tiles))
    var sums = [Float](repeating: 0, count: Int(unsafe mtlk_attention_sum_count(&shape)))
    attention = [Float](repeating: 0, count: queries * blocks * lane)
    unsafe functions.pointee.attention_halves(
      &shape, KernelAnswers.pattern(queries * blocks * lane).map(\.bitsAsBFloat16), packedKeys, packedValues, nil,
      &attention, &sums, 0, Int64(queries))
  }

  /// Two blocks of inputs, of which the second is mostly empty.
  @unsafe private mutating func multiplyBytes(_ functions: UnsafePointer<mtlk_kernel_set>) {
    let (inputs, blocks, lane) = (70, 2, Int(MTLK_BYTE_LANE))
    var window = KernelAnswers.window(inputBlocks: blocks, lane: lane)
    var grids = mtlk_grids(
      input_channels: Int32(inputs), input_zero_point: 3, operand_scale: 0, operand_zero_point: 0,
      output_inverse_scale: 1, output_zero_point: 7)
    let input = (0..<KernelAnswers.rows * KernelAnswers.columns * blocks * lane).map {
      UInt8(truncatingIfNeeded: $0 * 37 + 11)
    }
    let plain = (0..<KernelAnswers.outputs * inputs * KernelAnswers.taps).map { Int8(truncatingIfNeeded: $0 * 41 + 5) }
    var packed = [Int8](
      repeating: 0, count: KernelAnswers.outputBlocks * Layout.lane * blocks * lane * KernelAnswers.taps)
    unsafe mtlk_pack_bytes(
      plain, &packed, Int64(KernelAnswers.outputs), Int64(inputs), Int64(KernelAnswers.taps), Int64(lane))
    let multipliers = [Float](repeating: 1e-4, count: KernelAnswers.outputBlocks * Layout.lane)
    var sums = [Int32](repeating: 0, count: Int(unsafe functions.pointee.sum_count(&window, grids.input_channels)))
    // 35 channels lie in one block of 64.
    bytes = [UInt8](repeating: 0, count: KernelAnswers.rows * KernelAnswers.columns * lane)
    unsafe functions.pointee.convolution_bytes(
      &window, &grids, input, packed, multipliers, KernelAnswers.bias, nil, &bytes, &sums, 0, window.output_blocks, 0,
      window.output_rows)
  }
}
