import CMTLKernels
import MTLGraph

/// What makes values of the sums of products of bytes with whole weights: sum * multiplier + bias, for each output.
struct ByteFactors {
  /// Floats in whole blocks of outputs.
  let multipliers: Bytes
  let bias: Bytes

  /// - Parameters:
  ///   - node: a convolution with a constant bias and a constant scale of each output's weights.
  ///   - sums: of each output's weights; not needed where the grid's zero point is 0.
  ///   - grid: of the input.
  init(_ node: Node, sums: [Int], _ grid: ByteGrid, in planner: Planner) throws(MTLError) {
    guard let scale = planner.constant(node.inputs[3]), let bias = planner.constant(node.inputs[2]) else {
      throw MTLError(.internalFault, node.name, "has no constant scale")
    }
    let factors = try scale.floats(of: node.name).map { $0 * grid.scale }
    let biases = try bias.floats(of: node.name)
    let zeros = [Float](repeating: 0, count: (Layout.lane - factors.count % Layout.lane) % Layout.lane)
    // What a zero point adds to the sums is taken off again.
    let offsets = sums.isEmpty ? [Int](repeating: 0, count: factors.count) : sums.map { $0 * Int(grid.zeroPoint) }
    multipliers = Bytes(copying: factors + zeros)
    self.bias = Bytes(
      copying: biases.indices.map { Float(Double(biases[$0]) - Double(factors[$0]) * Double(offsets[$0])) } + zeros)
  }
}

extension mtlk_grids {
  /// Of a convolution without an operand, whose output may be floats.
  init(input: Buffer, _ grid: ByteGrid, output: Buffer) {
    self.init(
      input_channels: Int32(input.shape[1]), input_zero_point: Int32(grid.zeroPoint), operand_scale: 0,
      operand_zero_point: 0, output_inverse_scale: output.layout.grid?.inverseScale ?? 0,
      output_zero_point: Int32(output.layout.grid?.zeroPoint ?? 0))
  }
}

extension Planner {
  /// What a convolution of bytes takes in behind its sums: a cheap activation, and the step to bytes if nothing else is
  /// asked for.
  mutating func fuseEndOfSums(after node: Node) -> (activation: Activation, layout: Layout, result: ValueID) {
    if let end = fuseToBytes(after: node) { return end }
    let (activation, result) = fuseActivation(after: node) { $0.isCheap }
    return (activation, .blocked, result)
  }
}
