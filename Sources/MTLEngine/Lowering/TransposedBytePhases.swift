import CMTLKernels
import MTLGraph

/// A transposed convolution of bytes as plain ones, one for each phase of the stride: pieces of their rows, which are
/// computed one after the other and spread over the output.
struct TransposedBytePhases {
  /// Some rows of a phase.
  private struct Piece {
    let phase: Int
    /// Of the piece alone.
    let window: mtlk_window
    /// Its first pixel in the output.
    let row: Int
    let column: Int
  }

  private var pieces: [Piece] = []
  private var products: [NarrowProduct] = []
  private let kernels: KernelSet
  private let output: Buffer
  private let stride: Window.Pair
  /// Floats that the largest piece takes, and 32-bit sums that it needs room for, in whole blocks.
  private(set) var pieceCount = 0
  private(set) var sumCount = 0

  /// Output blocks that are computed in one go: whole blocks of bytes, and whole tiles of every kernel.
  private static let partBlocks = 12
  /// Bytes of a piece, which wait in the second-level cache to be spread.
  private static let pieceByteLimit = 128 << 10

  init(
    _ node: Node, _ operation: ConvolutionTranspose, _ weight: Tensor, _ input: Buffer, _ output: Buffer,
    _ activation: Activation, _ grids: mtlk_grids, _ grid: ByteGrid, in planner: Planner
  ) throws(MTLError) {
    (kernels, self.output, stride) = (planner.kernels, output, operation.stride)
    var plain = try kernelWindow(Window(kernel: .init(1)), input: input, output: output, of: node.name)
    (plain.activation, plain.slope) = (activation.code, activation.slope)
    // Outputs are computed in blocks of 16, also where they lie in larger ones.
    plain.output_blocks = (plain.output_channels + Int32(MTLK_LANE) - 1) / Int32(MTLK_LANE)
    let (rows, columns) = PhaseAxis.both(of: operation, weight.shape, output: output.shape)
    let packing = "transposed bytes \(operation.stride) \(operation.dilation) \(operation.padding)"
    for row in rows {
      for column in columns {
        let weights = try PackedByteConvolution(
          node, outputs: output.shape[1], inputs: input.shape[1], groups: operation.groups, grid,
          packing: "\(packing) \(operation.groups) \(row.first) \(column.first)", in: planner
        ) { () throws(MTLError) in
          try TransposedBytePhases.weights(weight, groups: operation.groups, rows: row.taps, columns: column.taps)
        }
        let product = NarrowProduct.bytes(grids, weights)
        var window = PhaseAxis.window(plain, row, column)
        product.describe(in: &window)
        add(window, row, column, product)
      }
    }
    // Phases of the same rows read the same input.
    pieces.sort { ($0.row / stride.rows, $0.phase) < ($1.row / stride.rows, $1.phase) }
  }

  /// The pieces of one phase.
  private mutating func add(_ whole: mtlk_window, _ rows: PhaseAxis, _ columns: PhaseAxis, _ product: NarrowProduct) {
    let rowCount = output.blockCount * columns.outputs * output.layout.blockFloats
    let limit = TransposedBytePhases.pieceByteLimit / MemoryLayout<Float>.size
    let height = max(1, min(limit / rowCount, rows.outputs))
    for first in Swift.stride(from: 0, to: rows.outputs, by: height) {
      var window = whole
      window.output_rows = Int32(min(height, rows.outputs - first))
      // A phase has no stride of its own.
      window.padding_top -= Int32(first)
      pieces.append(
        Piece(
          phase: products.count, window: window, row: rows.first + first * stride.rows, column: columns.first))
      let lane = Layout.lane
      sumCount = max(sumCount, (product.sumCount(window, kernels) + lane - 1) / lane * lane)
    }
    pieceCount = max(pieceCount, rowCount * height)
    products.append(product)
  }

  /// A phase's weights, outputs x inputs of a group x taps; one tap of zeros where it has none.
  private static func weights(
    _ weight: Tensor, groups: Int, rows: [Int], columns: [Int]
  ) throws(MTLError) -> Tensor {
    let shape = weight.shape
    let taps = rows.flatMap { row in columns.map { row * shape[3] + $0 } }
    let (inputs, outputs, kernel) = (shape[0] / groups, shape[1], shape[2] * shape[3])
    var values: [Int8] = []
    unsafe weight.bytes.withUnsafeBytes { bytes in
      let numbers = unsafe bytes.bindMemory(to: Int8.self)
      for output in 0..<groups * outputs {
        let (group, place) = output.quotientAndRemainder(dividingBy: outputs)
        for input in group * inputs..<(group + 1) * inputs {
          let first = (input * outputs + place) * kernel
          if taps.isEmpty { values.append(0) }
          for tap in taps { values.append(unsafe numbers[first + tap]) }
        }
      }
    }
    return Tensor(
      elements: values, .int8,
      taps.isEmpty ? [groups * outputs, inputs, 1, 1] : [groups * outputs, inputs, rows.count, columns.count])
  }

  private var blockCount: Int { (output.shape[1] + Layout.lane - 1) / Layout.lane }
  private var partCount: Int {
    (blockCount + TransposedBytePhases.partBlocks - 1) / TransposedBytePhases.partBlocks
  }

  /// Pieces x parts of the output channels.
  var unitCount: Int { pieces.count * partCount }

  /// - Parameters:
  ///   - piece: room for `pieceCount` floats.
  ///   - sums: and for `sumCount` sums.
  @unsafe func run(
    _ unit: Int, _ input: UnsafeMutablePointer<Float>, _ target: UnsafeMutablePointer<Float>,
    piece memory: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    let (piece, part) = (pieces[unit / partCount], unit % partCount)
    let first = part * TransposedBytePhases.partBlocks
    let end = min(first + TransposedBytePhases.partBlocks, blockCount)
    unsafe products[piece.phase].multiply(
      piece.window, .init(input: input, operand: nil, output: memory, sums: sums),
      blocks: Int32(first)..<Int32(end), rows: 0..<piece.window.output_rows, kernels)
    let (rows, columns) = (Int(piece.window.output_rows), Int(piece.window.output_columns))
    // A pixel's block is as long in bytes as in floats.
    let (lane, row) = (Layout.lane, output.shape[3] * Layout.lane)
    let joined = output.layout.lane / Layout.lane
    for block in first / joined..<(end + joined - 1) / joined {
      unsafe mtlk_copy_pixels(
        memory + block * rows * columns * lane, Int64(columns * lane), Int64(lane),
        target + block * output.pixelCount * lane + piece.row * row + piece.column * lane, Int64(stride.rows * row),
        Int64(stride.columns * lane), Int64(rows), Int64(columns))
    }
  }
}
