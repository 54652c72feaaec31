import CMTLKernels
import MTLGraph

/// The constant weights, bias and folded factors of a convolution that is packed in an order of its own.
struct Filters {
  let weight: Tensor
  private let bias: Tensor?
  private let scale: Tensor?
  private let inputs: [ValueID]

  /// nil where one of them is computed.
  init?(_ node: Node, in planner: Planner) throws(MTLError) {
    let constants = node.inputs.dropFirst().compactMap { planner.constant($0) }
    guard (1...3).contains(constants.count), constants.count == node.inputs.count - 1 else { return nil }
    weight = constants[0]
    bias = constants.count > 1 ? constants[1] : nil
    scale = constants.count > 2 ? constants[2] : nil
    inputs = Array(node.inputs.dropFirst())
  }

  /// The place of these filters in the cache; the factors, too, tell two uses of one weight apart.
  func key(_ packing: String) -> PackedWeights.Key {
    .init(value: inputs[0], packing: scale == nil ? packing : "\(packing) scaled by \(inputs[2].index)")
  }

  /// The weights in the operator's own order, without the factors.
  func values() throws(MTLError) -> [Float] { weight.numbers() }

  /// The weights, output by output, each times its factor.
  func scaledValues() throws(MTLError) -> [Float] { try (scale.map(weight.scaledRows) ?? weight).numbers() }

  /// The factor of each output channel.
  func factors(channels: Int) throws(MTLError) -> [Float] {
    try scale?.floats() ?? [Float](repeating: 1, count: channels)
  }

  /// The bias of `channels` outputs, or zeros, in whole blocks.
  func packedBias(channels: Int? = nil, in planner: Planner) throws(MTLError) -> Bytes {
    if let bias { return try planner.packedChannels(inputs[1], bias) }
    let count = ((channels ?? weight.shape[0]) + Layout.lane - 1) / Layout.lane * Layout.lane
    return try planner.network.packedWeights.bytes(for: .init(value: inputs[0], packing: "no bias \(count)")) {
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
