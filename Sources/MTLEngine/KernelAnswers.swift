import CMTLKernels

/// What the kernels of a set make of small convolutions: 35 outputs on 3 x 19 pixels, from three taps either way. And of a
/// small attention of bfloat16.
///
/// All factors are small whole numbers, which every kind of numbers holds, and whose sums are exact in any order: so every
/// set gives the same, and it is known beforehand. What the scalar kernels take for it is milliseconds of a program's start.
struct KernelAnswers: Equatable {
  /// Checksums of the outputs.
  private(set) var floats: UInt64
  /// From products of bfloat16.
  private(set) var halves: UInt64
  private(set) var attention: UInt64
  private(set) var bytes: UInt64

  static let expected = KernelAnswers(
    floats: 0xEF7D_97B0_1179_90E5, halves: 0xA76D_B82B_20C3_7CE5, attention: 0x0E0E_2242_4B76_7225,
    bytes: 0x09DD_DB72_1BAD_99EA)

  private static let (rows, columns, taps) = (3, 19, 9)
  private static let (outputs, outputBlocks) = (35, 3)
  private static let bias = pattern(outputBlocks * Layout.lane)

  private init(floats: UInt64, halves: UInt64, attention: UInt64, bytes: UInt64) {
    (self.floats, self.halves, self.attention, self.bytes) = (floats, halves, attention, bytes)
  }

  @unsafe init(_ functions: UnsafePointer<mtlk_kernel_set>) {
    floats = KernelAnswers.checksum(of: unsafe KernelAnswers.multiplyFloats(functions))
    halves = KernelAnswers.checksum(of: unsafe KernelAnswers.multiplyHalves(functions))
    attention = KernelAnswers.checksum(of: unsafe KernelAnswers.attend(functions))
    bytes = KernelAnswers.checksum(of: unsafe KernelAnswers.multiplyBytes(functions).lazy.map(UInt32.init))
  }

  /// Whole numbers, of which there is no second zero.
  private static func checksum(of values: [Float]) -> UInt64 {
    checksum(of: values.lazy.map { ($0 + 0).bitPattern })
  }

  /// FNV-1a, 32 bits at a time.
  private static func checksum(of words: some Sequence<UInt32>) -> UInt64 {
    words.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
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
    // 37 i + 11 modulo 41, without dividing.
    var number = 11
    return (0..<count).map { _ in
      defer { number = number < 4 ? number + 37 : number - 4 }
      return Float(number - 20)
    }
  }

  private static func weights(inputs: Int) -> [Float] { pattern(outputs * inputs * taps) }

  @unsafe private static func multiplyFloats(_ functions: UnsafePointer<mtlk_kernel_set>) -> [Float] {
    let (inputs, lane) = (32, Layout.lane)
    var window = window(inputBlocks: inputs / lane, lane: lane)
    var packed = [Float](repeating: 0, count: outputBlocks * lane * inputs * taps)
    unsafe mtlk_pack_convolution(
      weights(inputs: inputs), nil, &packed, Int64(outputs), Int64(inputs),
      Int64(taps),
      Int64(lane))
    var results = [Float](repeating: 0, count: outputCount)
    unsafe functions.pointee.convolution(
      &window, pattern(rows * columns * inputs), packed, bias,
      nil, &results, 0,
      window.output_blocks, 0, window.output_rows)
    return results
  }

  /// Three blocks of inputs, of which the last is mostly empty.
  @unsafe private static func multiplyHalves(_ functions: UnsafePointer<mtlk_kernel_set>) -> [Float] {
    let (inputs, blocks, lane) = (70, 3, Int(MTLK_HALF_LANE))
    var window = window(inputBlocks: blocks, lane: lane)
    var forms = mtlk_halves(input_channels: Int32(inputs), operand_is_half: 0, output_is_half: 0)
    var packed = [UInt16](
      repeating: 0, count: outputBlocks * Layout.lane * blocks * lane * taps)
    unsafe mtlk_pack_halves(
      weights(inputs: inputs), nil, &packed, Int64(outputs), Int64(inputs),
      Int64(taps))
    var sums = [Float](repeating: 0, count: Int(unsafe functions.pointee.half_sum_count(&window, Int32(inputs))))
    let input = pattern(rows * columns * blocks * lane).map(\.bitsAsBFloat16)
    var results = [Float](repeating: 0, count: outputCount)
    unsafe functions.pointee.convolution_halves(
      &window, &forms, input, packed, bias, nil, &results, &sums, 0, window.output_blocks, 0,
      window.output_rows)
    return results
  }

  /// Of 35 queries to 49 keys, in two blocks of channels. Scores are so far apart that weights are 1 for the largest and 0
  /// for others; where several are equal, dividing rounds, and so the outputs are looked at in steps of 1/256.
  @unsafe private static func attend(_ functions: UnsafePointer<mtlk_kernel_set>) -> [Float] {
    let (queries, keys, lane) = (35, 49, Int(MTLK_HALF_LANE))
    let (blocks, tiles) = (2, 2)
    var shape = mtlk_attention_halves(
      queries: Int64(queries), keys: Int64(keys), depth_blocks: Int64(blocks), value_blocks: Int64(2 * blocks),
      bias_stride: 0, scale: 128, output_is_half: 0)
    let image = pattern(keys * blocks * lane).map(\.bitsAsBFloat16)
    var packedKeys = [UInt16](repeating: 0, count: tiles * lane * blocks * lane)
    var packedValues = packedKeys
    unsafe functions.pointee.pair_keys(image, Int64(keys), Int64(blocks), &packedKeys, 0, Int64(tiles))
    unsafe functions.pointee.pair_values(image, Int64(keys), Int64(2 * blocks), &packedValues, 0, Int64(tiles))
    var sums = [Float](repeating: 0, count: Int(unsafe mtlk_attention_sum_count(&shape)))
    var results = [Float](repeating: 0, count: queries * blocks * lane)
    unsafe functions.pointee.attention_halves(
      &shape, pattern(queries * blocks * lane).map(\.bitsAsBFloat16), packedKeys, packedValues, nil, &results, &sums, 0,
      Int64(queries))
    return results.map { ($0 * 256).rounded() }
  }

  /// Two blocks of inputs, of which the second is mostly empty.
  @unsafe private static func multiplyBytes(_ functions: UnsafePointer<mtlk_kernel_set>) -> [UInt8] {
    let (inputs, blocks, lane) = (70, 2, Int(MTLK_BYTE_LANE))
    var window = window(inputBlocks: blocks, lane: lane)
    var grids = mtlk_grids(
      input_channels: Int32(inputs), input_zero_point: 3, operand_scale: 0, operand_zero_point: 0,
      output_inverse_scale: 1, output_zero_point: 7)
    let input = (0..<rows * columns * blocks * lane).map {
      UInt8(truncatingIfNeeded: $0 * 37 + 11)
    }
    let plain = (0..<outputs * inputs * taps).map { Int8(truncatingIfNeeded: $0 * 41 + 5) }
    var packed = [Int8](
      repeating: 0, count: outputBlocks * Layout.lane * blocks * lane * taps)
    unsafe mtlk_pack_bytes(
      plain, &packed, Int64(outputs), Int64(inputs), Int64(taps), Int64(lane))
    let multipliers = [Float](repeating: 1e-4, count: outputBlocks * Layout.lane)
    var sums = [Int32](repeating: 0, count: Int(unsafe functions.pointee.sum_count(&window, grids.input_channels)))
    // 35 channels lie in one block of 64.
    var results = [UInt8](repeating: 0, count: rows * columns * lane)
    unsafe functions.pointee.convolution_bytes(
      &window, &grids, input, packed, multipliers, bias, nil, &results, &sums, 0, window.output_blocks, 0,
      window.output_rows)
    return results
  }
}
