import CMTLKernels
import MTLGraph

/// What works over the channels of each pixel of an image: layer and L2 normalisation, softmax and its logarithm.
enum NormalizationLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard planner.shape(of: node.inputs[0]).rank == 4, let operation = node.operation as? any AxisOperator,
      try operation.axis(of: planner.shape(of: node.inputs[0])) == 1,
      let kernel = try kernel(node, in: planner)
    else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    let output = planner.makeBuffer(for: node.outputs[0], .blocked)
    let split = planner.splitPixels(output, workPerElement: 4)
    let name = "\(kernel.name) \(planner.kernels.instructionSet.name)"
    let (pixels, channels) = (Int64(output.pixelCount), Int32(output.shape[1]))
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        unsafe kernel.run(
          Pixels(
            input: operands[0].pointer(in: arena, image: part.image),
            output: operands[1].pointer(in: arena, image: part.image), count: pixels,
            begin: Int64(part.rows.lowerBound), end: Int64(part.rows.upperBound), channels: channels))
      }
    }
    return true
  }

  /// Some pixels of an image, as the kernels take them.
  @unsafe private struct Pixels {
    let input: UnsafePointer<Float>
    let output: UnsafeMutablePointer<Float>
    let count: Int64
    let begin: Int64
    let end: Int64
    let channels: Int32
  }

  @safe private struct Kernel {
    let name: String
    let run: (Pixels) -> Void

    init(_ name: String, run: @escaping (Pixels) -> Void) {
      self.name = name
      unsafe self.run = run
    }
  }

  private static func kernel(_ node: Node, in planner: Planner) throws(MTLError) -> Kernel? {
    let functions = unsafe planner.kernels.functions
    switch node.operation {
    case let norm as LayerNormalization: return try layerNorm(node, norm.epsilon, in: planner)
    case let norm as L2Normalize:
      return unsafe Kernel("l2 normalise") { p in
        unsafe functions.pointee.l2_normalize(p.input, p.output, p.count, p.begin, p.end, p.channels, norm.epsilon)
      }
    case is Softmax, is LogSoftmax:
      let isLogarithm: Int32 = node.operation is LogSoftmax ? 1 : 0
      return unsafe Kernel(isLogarithm == 1 ? "log softmax" : "softmax") { p in
        unsafe functions.pointee.softmax_channels(p.input, p.output, p.count, p.begin, p.end, p.channels, isLogarithm)
      }
    default: return nil
    }
  }

  private static func layerNorm(_ node: Node, _ epsilon: Float, in planner: Planner) throws(MTLError) -> Kernel? {
    guard let scale = planner.constant(node.inputs[1]), let bias = planner.constant(node.inputs[2]) else { return nil }
    let (scales, biases) = (
      try planner.packedChannels(node.inputs[1], scale), try planner.packedChannels(node.inputs[2], bias)
    )
    let functions = unsafe planner.kernels.functions
    return unsafe Kernel("layer norm") { p in
      unsafe scales.withUnsafeBytes { scales in
        unsafe biases.withUnsafeBytes { biases in
          unsafe functions.pointee.layer_norm(
            p.input, p.output, p.count, p.begin, p.end, p.channels,
            scales.assumingMemoryBound(to: Float.self).baseAddress,
            biases.assumingMemoryBound(to: Float.self).baseAddress, epsilon)
        }
      }
    }
  }
}

extension Planner {
  /// A constant with one number for each channel, filled up with zeros to whole blocks.
  func packedChannels(_ value: ValueID, _ tensor: Tensor) throws(MTLError) -> Bytes {
    try network.packedWeights.bytes(for: .init(value: value, packing: "channels")) { () throws(MTLError) -> Bytes in
      let values = try tensor.floats()
      let filling = (Layout.lane - values.count % Layout.lane) % Layout.lane
      return Bytes(copying: values + [Float](repeating: 0, count: filling))
    }
  }
}
