import CMTLKernels
import MTLGraph

/// What makes values of the sums of products of bytes with whole weights: sum * multiplier + bias, for each output.
struct ByteFactors {
  /// Floats in whole blocks of outputs.
  let multipliers: Bytes
  let bias: Bytes

  /// - Parameters:
  ///   - node: a convolution with a constant bias and a constant scale of each output's weights.
  ///   - weight: the weights that are multiplied.
  ///   - grid: of the input.
  init(_ node: Node, _ weight: Tensor, _ grid: ByteGrid, in planner: Planner) throws(MTLError) {
    guard let scale = planner.constant(node.inputs[3]), let bias = planner.constant(node.inputs[2]) else {
      throw MTLError(.internalFault, node.name, "has no constant scale")
    }
    let zeros = [Float](repeating: 0, count: (Layout.lane - weight.shape[0] % Layout.lane) % Layout.lane)
    let factors = try scale.floats(of: node.name).map { $0 * grid.scale }
    multipliers = Bytes(copying: factors + zeros)
    let offsets = ByteFactors.offsets(weight, grid)
    let biases = try bias.floats(of: node.name)
    self.bias = Bytes(
      copying: biases.indices.map { Float(Double(biases[$0]) - Double(factors[$0]) * Double(offsets[$0])) } + zeros)
  }

  /// What a zero point adds to the sums of each output.
  private static func offsets(_ weight: Tensor, _ grid: ByteGrid) -> [Int] {
    let count = weight.shape[0]
    guard grid.zeroPoint > 0, count > 0 else { return [Int](repeating: 0, count: count) }
    let each = weight.shape.elementCount / count
    return unsafe weight.bytes.withUnsafeBytes { bytes in
      let values = unsafe bytes.assumingMemoryBound(to: Int8.self)
      return (0..<count).map { output in
        var sum = 0
        for index in output * each..<(output + 1) * each { sum += unsafe Int(values[index]) }
        return sum * Int(grid.zeroPoint)
      }
    }
  }
}
