import CMTLKernels
import MTLGraph

/// The constant weights and bias of a convolution that is packed in an order of its own.
struct Filters {
  let weight: Tensor
  /// The factor of each output's weights.
  let scale: Tensor?
  /// What tells two uses of one weight apart.
  let key: String
  private let bias: Tensor?
  private let biasValue: ValueID

  /// nil where one of them is computed.
  init?(_ node: Node, in planner: Planner) {
    let constants = node.inputs.dropFirst().map { planner.constant($0) }
    guard let weight = constants[0], constants.allSatisfy({ $0 != nil }) else { return nil }
    self.weight = weight
    bias = constants.count > 1 ? constants[1] : nil
    scale = constants.count > 2 ? constants[2] : nil
    biasValue = node.inputs[constants.count > 1 ? 2 : 1]
    key = constants.count > 2 ? " \(node.inputs[3].index)" : ""
  }

  /// The weights in the operator's own order, rows times their factors.
  func scaledRows() throws(MTLError) -> [Float] {
    guard let scale else { return try weight.floats() }
    return try weight.scaledRows(by: scale).floats()
  }

  /// The bias of `channels` outputs, or zeros, in whole blocks.
  func packedBias(channels: Int? = nil, in planner: Planner) throws(MTLError) -> Bytes {
    if let bias { return try planner.packedChannels(biasValue, bias) }
    let count = ((channels ?? weight.shape[0]) + Layout.lane - 1) / Layout.lane * Layout.lane
    return try planner.network.packedWeights.bytes(for: .init(value: biasValue, packing: "no bias \(count)")) {
      Bytes(copying: [Float](repeating: 0, count: count))
    }
  }
}

/// The floats of two constants.
@unsafe func withFloats(
  _ first: Bytes, _ second: Bytes, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void
) {
  unsafe first.withUnsafeBytes { first in
    unsafe second.withUnsafeBytes { second in
      guard let left = unsafe first.assumingMemoryBound(to: Float.self).baseAddress,
        let right = unsafe second.assumingMemoryBound(to: Float.self).baseAddress
      else { return }
      unsafe body(left, right)
    }
  }
}

/// The direct convolution of some blocks and rows of one image.
@unsafe func convolve(
  _ kernels: KernelSet, _ window: mtlk_window, _ input: UnsafePointer<Float>, _ weights: UnsafePointer<Float>,
  _ bias: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, blocks: Range<Int>, rows: Range<Int>
) {
  unsafe withUnsafePointer(to: window) { window in
    unsafe kernels.functions.pointee.convolution(
      window, input, weights, bias, nil, output, Int32(blocks.lowerBound), Int32(blocks.upperBound),
      Int32(rows.lowerBound), Int32(rows.upperBound))
  }
}

/// Weights in the order outputs, inputs, taps as the direct convolution reads them, for inputs in blocks of 16.
@unsafe func packConvolution(
  _ values: [Float], to target: UnsafeMutablePointer<Float>?, outputs: Int, inputs: Int, taps: Int
) {
  unsafe values.withUnsafeBufferPointer { values in
    unsafe mtlk_pack_convolution(
      values.baseAddress, nil, target, Int64(outputs), Int64(inputs), Int64(taps), Int64(Layout.lane))
  }
}

extension mtlk_window {
  /// Lets the kernel of convolutions do this activation.
  mutating func follow(by activation: Activation) {
    if activation.isCheap { self.activation = activation.code } else { row_activation = activation.code }
    slope = activation.slope
  }
}
