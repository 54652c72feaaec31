import CMTLKernels
import MTLGraph

/// Products of one or more pairs of matrices of the same shapes, and how they are divided: into groups of outputs that the
/// kernel computes together, and into the strips of rows of all matrices.
@safe struct MatrixProducts {
  /// Of one product.
  @unsafe struct Operands {
    let x: UnsafePointer<Float>
    let weight: UnsafePointer<Float>?
    var bias: UnsafePointer<Float>?
    let y: UnsafeMutablePointer<Float>
  }

  let kernels: KernelSet
  let split: WorkSplit
  private let shape: mtlk_gemm
  private let outputs: Int
  private let groupSize: Int

  private static let stripSize = Int(MTLK_GEMM_STRIP)

  /// - Parameters:
  ///   - rowStep: floats from one row of x to the next, if not the depth.
  ///   - weightStep: floats from one row of the weight to the next, if not its columns.
  ///   - isByInput: whether the weight has a row for each input, not for each output.
  init(
    matrices: Int = 1, rows: Int, depth: Int, outputs: Int, rowStep: Int? = nil, weightStep: Int? = nil,
    isByInput: Bool = false, activation: Activation = .none, kernels: KernelSet, threadCount: Int
  ) {
    var shape = mtlk_gemm()
    (shape.rows, shape.depth) = (Int64(rows), Int64(depth))
    (shape.x_step, shape.y_step) = (Int64(rowStep ?? depth), Int64(outputs))
    shape.weight_step = Int64(weightStep ?? (isByInput ? outputs : depth))
    shape.is_by_input = isByInput ? 1 : 0
    (shape.activation, shape.slope) = (activation.code, activation.slope)
    (self.shape, self.outputs, self.kernels) = (shape, outputs, kernels)
    let panel = unsafe Int(kernels.functions.pointee.convolution_blocks) * Layout.lane
    // All outputs read the same rows: whole matrices are the better parts where there are enough.
    groupSize = matrices >= 4 * threadCount ? max(outputs, 1) : panel
    split = WorkSplit(
      groupCount: (outputs + groupSize - 1) / groupSize, rowCount: matrices * MatrixProducts.strips(of: rows),
      work: matrices.saturatingProduct(rows).saturatingProduct(depth).saturatingProduct(outputs),
      threadCount: threadCount)
  }

  private static func strips(of rows: Int) -> Int { max((rows + stripSize - 1) / stripSize, 1) }

  /// One part of the split.
  @unsafe func run(groups: Range<Int>, strips: Range<Int>, operands: (_ matrix: Int) -> Operands) {
    var shape = shape
    let stripCount = MatrixProducts.strips(of: Int(shape.rows))
    let outputRange = groups.lowerBound * groupSize..<min(groups.upperBound * groupSize, outputs)
    var strip = strips.lowerBound
    while strip < strips.upperBound {
      let matrix = strip / stripCount
      let end = min(strips.upperBound, (matrix + 1) * stripCount)
      let first = (strip - matrix * stripCount) * MatrixProducts.stripSize
      let last = min((end - matrix * stripCount) * MatrixProducts.stripSize, Int(shape.rows))
      let operands = unsafe operands(matrix)
      unsafe kernels.functions.pointee.gemm(
        &shape, operands.x, operands.weight, operands.bias, operands.y, Int64(first), Int64(last),
        Int64(outputRange.lowerBound), Int64(outputRange.upperBound))
      strip = end
    }
  }
}
