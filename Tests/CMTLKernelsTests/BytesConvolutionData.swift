import CMTLKernels
import MTLGraph
import TestSupport

/// A random quantized convolution and its operands, plain and in the kernels' order.
struct BytesConvolutionData {
  enum Operand { case none, floats([Float]), bytes([UInt8]) }

  /// `exact`: scales are powers of two and numbers so small that floats, too, compute without rounding.
  enum Kind { case any, exact, longRow, winograd }

  let shape: WindowCase
  let window: mtlk_window
  let grids: mtlk_grids
  let input: [UInt8]
  /// [output][input][tap]
  let plainWeights: [Int8]
  let weights: [Int8]
  let multipliers: [Float]
  let bias: [Float]
  let operand: Operand

  private static let channelCounts = [
    1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 48, 61, 63, 64, 65, 67, 96, 127, 128, 129, 191, 192, 251, 256, 257, 389,
    509,
    512, 613, 768, 1021, 1024,
  ]
  private static let outputCounts = [
    1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 37, 47, 48, 49, 61, 64, 65, 83, 96, 97, 113, 128,
  ]

  /// At most about `budget` multiplications.
  init(budget: Int, kind: Kind = .any, channels: Int? = nil, _ random: inout SeededRandom) {
    var shape =
      switch kind {
      case .any, .exact: WindowCase.convolution(&random)
      case .longRow: WindowCase.longRow(&random)
      case .winograd: WindowCase.winograd(&random)
      }
    let taps = shape.window.kernel.rows * shape.window.kernel.columns
    let each = taps * shape.outputRows * shape.outputColumns
    // Sums have 32 bits, and floats are exact up to 24.
    let most = (kind == .exact ? 1 << 23 : Int(Int32.max)) / (taps * 255 * 127)
    shape.channels =
      channels ?? max(1, min(random.pick(BytesConvolutionData.channelCounts), budget / each, most))
    let outputs = max(
      1,
      min(random.pick(BytesConvolutionData.outputCounts), max(random.integer(1...3), budget / (each * shape.channels))))
    self.shape = shape
    let lane = shape.channels <= 4 && channels == nil && kind != .winograd && random.once(in: 2) ? 4 : 64
    window = BytesConvolutionData.window(shape, lane: lane, outputs: outputs, kind, &random)
    let pixels = Int(window.output_rows * window.output_columns)
    let blocks = Int(window.output_blocks)

    let fill = random.integer(0...4)
    input = BytesConvolutionData.bytes(Int(window.input_blocks) * lane * shape.rows * shape.columns, fill, &random)
    plainWeights = BytesConvolutionData.weights(outputs * shape.channels * taps, fill, &random)
    var packed = [Int8](repeating: 99, count: blocks * 16 * Int(window.input_blocks) * lane * taps)
    unsafe mtlk_pack_bytes(plainWeights, &packed, Int64(outputs), Int64(shape.channels), Int64(taps), Int64(lane))
    weights = packed

    var grids = mtlk_grids()
    grids.input_channels = Int32(shape.channels)
    grids.input_zero_point = BytesConvolutionData.zeroPoint(&random)
    let usual = Float(taps * shape.channels).squareRoot() * (fill == 0 ? 32_000 : 9_000)
    if kind == .exact {
      multipliers = (0..<blocks * 16).map { _ in random.pick([0x1p-14, 0x1p-15, 0x1p-16]) }
      bias = multipliers.map { $0 * Float(random.integer(-100_000...100_000)) }
    } else {
      multipliers = random.floats(blocks * 16, in: 0...4).map { $0 / usual }
      bias = random.floats(blocks * 16, in: -3...3)
    }
    switch random.integer(0...2) {
    case 0: operand = .none
    case 1: operand = .floats((0..<blocks * 16 * pixels).map { _ in Float(random.integer(-96...96)) / 32 })
    default:
      operand = .bytes(BytesConvolutionData.bytes((blocks + 3) / 4 * 64 * pixels, random.integer(0...4), &random))
      grids.operand_scale = kind == .exact ? 0x1p-5 : random.floats(1, in: 0.001...0.1)[0]
      grids.operand_zero_point = BytesConvolutionData.zeroPoint(&random)
    }
    if random.once(in: 2) {
      grids.output_inverse_scale = kind == .exact ? 0x1p4 : random.floats(1, in: 5...100)[0]
      grids.output_zero_point = BytesConvolutionData.zeroPoint(&random)
    }
    self.grids = grids
  }

  private static func window(
    _ shape: WindowCase, lane: Int, outputs: Int, _ kind: Kind, _ random: inout SeededRandom
  ) -> mtlk_window {
    let cheap = [MTLK_NO_ACTIVATION, MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU]
    var window = shape.kernelWindow(lane: lane, outputs: outputs)
    window.activation = Int32(random.pick(cheap))
    window.slope = random.pick([0.25, 1, 0.5])
    if random.once(in: 3), kind != .exact {
      window.activation = Int32(random.pick([MTLK_NO_ACTIVATION, MTLK_RELU]))
      window.row_activation = Int32(random.integer(MTLK_RELU...MTLK_CLIPPED_RELU))
    }
    window.operand = Int32(random.pick([MTLK_ADD_OPERAND, MTLK_MULTIPLY_OPERAND]))
    window.operand_activation = Int32(random.pick(cheap))
    return window
  }

  private static func zeroPoint(_ random: inout SeededRandom) -> Int32 {
    Int32(random.pick([0, 0, 128, 255, random.integer(0...255)]))
  }

  /// With `fill` 0 all are the largest, with 1 the extremes, and otherwise any.
  private static func bytes(_ count: Int, _ fill: Int, _ random: inout SeededRandom) -> [UInt8] {
    if fill == 0 { return [UInt8](repeating: 255, count: count) }
    return (0..<count).map { _ in
      let byte = UInt8(truncatingIfNeeded: random.next() >> 32)
      return fill == 1 ? byte < 128 ? 0 : 255 : byte
    }
  }

  private static func weights(_ count: Int, _ fill: Int, _ random: inout SeededRandom) -> [Int8] {
    if fill == 0 { return [Int8](repeating: random.pick([127, -127]), count: count) }
    return (0..<count).map { _ in
      let weight = max(-127, Int8(truncatingIfNeeded: random.next() >> 32))
      return fill == 1 ? weight < 0 ? -127 : 127 : weight
    }
  }

  var hasByteOutput: Bool { grids.output_inverse_scale != 0 }
  var pixelCount: Int { Int(window.output_rows * window.output_columns) }
  /// Whether the oracle computes an activation with functions that the vector sets approximate.
  var isApproximate: Bool {
    [MTLK_SIGMOID, MTLK_TANH, MTLK_GELU, MTLK_SILU].map { Int32($0) }.contains(window.row_activation)
  }

  /// The bytes of an output that was `fill` everywhere, after a set ran over pieces of the work in guarded memory.
  ///
  /// - Parameter hidden: bytes at the end of the input that are not there.
  func run(
    _ set: TestedSet, guard side: MemoryGuard, fill: UInt8 = 0xA5, hidden: Int = 0, blocks: [Range<Int32>],
    rows: [Range<Int32>]
  ) -> [UInt8] {
    let places = GuardedPlaces(self, side, fill: fill, hidden: hidden)
    var (window, grids) = (window, grids)
    let sums = GuardedMemory(
      count: Int(unsafe set.kernels.pointee.sum_count(&window, grids.input_channels)), guard: side,
      fill: Int32(0x5A5A_5A5A))
    for block in blocks {
      for row in rows {
        unsafe set.kernels.pointee.convolution_bytes(
          &window, &grids, places.input.pointer, places.weights.pointer, places.multipliers.pointer,
          places.bias.pointer,
          places.operand, places.output.pointer, sums.pointer, block.lowerBound, block.upperBound, row.lowerBound,
          row.upperBound)
      }
    }
    return places.output.elements
  }

  /// Winograd's way, over pieces of the tiles of each grid, with as many input blocks at once as their sums allow, or
  /// fewer.
  func runTiles(
    _ set: TestedSet, guard side: MemoryGuard, _ grids: [mtlk_winograd], _ cuts: [[Range<Int32>]], exactBlocks: Int
  ) -> [UInt8] {
    let places = GuardedPlaces(self, side)
    var (window, numbers) = (window, self.grids)
    for (grid, pieces) in zip(grids, cuts) {
      var grid = grid
      for tiles in pieces where !tiles.isEmpty {
        let count = Int64(tiles.count)
        let transformed = GuardedMemory(
          count: Int(window.input_blocks) * grid.positionCount * tiles.count * 64, guard: side, fill: Int16(0x5A5A))
        let scratch = GuardedMemory(
          count: 2 * Int(mtlk_winograd_byte_input_scratch(grid, count)), guard: side, fill: Int16(0x5A5A))
        unsafe set.kernels.pointee.winograd_input_bytes(
          &window, &grid, numbers.input_zero_point, places.input.pointer, transformed.pointer, scratch.pointer,
          tiles.lowerBound, tiles.upperBound)
        let work = GuardedMemory(
          count: Int(mtlk_winograd_byte_scratch(grid, count, Int64(window.output_columns))), guard: side,
          fill: Int32(0x5A5A_5A5A))
        let middle = window.output_blocks / 2
        for blocks in [0..<middle, middle..<window.output_blocks] {
          unsafe set.kernels.pointee.winograd_output_bytes(
            &window, &grid, &numbers, Int32(exactBlocks), transformed.pointer, places.weights.pointer,
            places.multipliers.pointer, places.bias.pointer, places.operand, places.output.pointer, work.pointer,
            blocks.lowerBound, blocks.upperBound, tiles.lowerBound,
            tiles.upperBound)
        }
      }
    }
    return places.output.elements
  }

  /// Input blocks whose sums fit the bits that tiles leave.
  func exactBlocks(_ grids: [mtlk_winograd]) -> Int {
    let blocks = Int64(window.output_blocks * window.input_blocks)
    let largest = unsafe 255 * mtlk_largest_weight_sum(weights, blocks, Int64(weights.count) / blocks)
    return grids.reduce(Int(window.input_blocks)) { most, grid in
      min(most, Int(((1 << (31 - mtlk_winograd_lost_bits(grid))) - 1) / max(largest, 1)))
    }
  }

  func runWhole(_ set: TestedSet, guard side: MemoryGuard, fill: UInt8 = 0xA5, hidden: Int = 0) -> [UInt8] {
    run(
      set, guard: side, fill: fill, hidden: hidden, blocks: [0..<window.output_blocks], rows: [0..<window.output_rows])
  }

  /// What stands at one place of the output, by block of 16 channels, pixel and lane; codes as numbers.
  func value(_ output: [UInt8], block: Int, pixel: Int, lane: Int) -> Float {
    guard !hasByteOutput else { return Float(output[bytePlace(block, pixel, lane)]) }
    let place = 4 * ((block * pixelCount + pixel) * 16 + lane)
    return Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(output[place + $1]) << (8 * UInt32($1)) })
  }

  func bytePlace(_ block: Int, _ pixel: Int, _ lane: Int) -> Int {
    (block / 4 * pixelCount + pixel) * 64 + block % 4 * 16 + lane
  }

  /// All places of the output that belong to a block of 16 channels.
  func places(_ visit: (_ block: Int, _ pixel: Int, _ lane: Int) -> Void) {
    for block in 0..<Int(window.output_blocks) {
      for pixel in 0..<pixelCount {
        for lane in 0..<16 { visit(block, pixel, lane) }
      }
    }
  }
}

/// The operands and the output of one run in guarded memory.
private struct GuardedPlaces {
  let input: GuardedMemory<UInt8>
  let weights: GuardedMemory<Int8>
  let multipliers: GuardedFloats
  let bias: GuardedFloats
  let output: GuardedMemory<UInt8>
  private let floats: GuardedFloats?
  private let bytes: GuardedMemory<UInt8>?

  /// - Parameters:
  ///   - fill: what the output is before.
  ///   - hidden: bytes at the end of the input that are not there.
  init(_ data: BytesConvolutionData, _ side: MemoryGuard, fill: UInt8 = 0xA5, hidden: Int = 0) {
    input = GuardedMemory(Array(data.input.dropLast(hidden)), guard: side, fill: 0)
    weights = GuardedMemory(data.weights, guard: side, fill: 0)
    (multipliers, bias) = (GuardedFloats(data.multipliers, side), GuardedFloats(data.bias, side))
    let blocks = Int(data.window.output_blocks)
    let size = data.hasByteOutput ? (blocks + 3) / 4 * 64 : blocks * 64
    output = GuardedMemory(count: size * data.pixelCount, guard: side, fill: fill)
    floats = if case .floats(let values) = data.operand { GuardedFloats(values, side) } else { nil }
    bytes = if case .bytes(let values) = data.operand { GuardedMemory(values, guard: side, fill: 0) } else { nil }
  }

  var operand: UnsafeRawPointer? { unsafe UnsafeRawPointer(floats?.pointer) ?? UnsafeRawPointer(bytes?.pointer) }
}
