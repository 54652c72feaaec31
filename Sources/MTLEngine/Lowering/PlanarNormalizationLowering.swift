import CMTLKernels
import MTLGraph

/// Normalisations and softmax of row-major values that are no images, along any axis.
enum PlanarNormalizationLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard planner.shape(of: node.outputs[0]).elementCount > 0 else { return false }
    switch node.operation {
    case let norm as LayerNormalization: return try normalize(node, norm, in: &planner)
    case let norm as L2Normalize:
      let functions = unsafe planner.kernels.functions
      return try rows(node, axis: norm.axis, "l2 normalise", in: &planner) { row, width in
        unsafe functions.pointee.l2_normalize(row, row, 1, 0, 1, width, norm.epsilon)
      }
    case let norm as InstanceNormalization: return try normalizeChannels(node, norm, in: &planner)
    case let norm as BatchNormalization: return try scaleChannels(node, norm, in: &planner)
    case is Softmax, is LogSoftmax: return try softmax(node, in: &planner)
    default: return false
    }
  }

  private static func normalize(
    _ node: Node, _ norm: LayerNormalization, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    guard let scale = planner.constant(node.inputs[1]), let bias = planner.constant(node.inputs[2]) else {
      return false
    }
    let factors = (
      try planner.packedChannels(node.inputs[1], scale), try planner.packedChannels(node.inputs[2], bias)
    )
    let functions = unsafe planner.kernels.functions
    return try rows(node, axis: norm.axis, "layer norm", in: &planner) { row, width in
      unsafe withFloats(factors.0, factors.1) { scale, bias in
        unsafe functions.pointee.layer_norm(row, row, 1, 0, 1, width, scale, bias, norm.epsilon)
      }
    }
  }

  /// What a kernel does to one pixel, done to each row along the last axis: a row is an image of one pixel, in whole
  /// blocks.
  private static func rows(
    _ node: Node, axis: Int, _ name: String, in planner: inout Planner,
    _ change: @escaping (UnsafeMutablePointer<Float>, Int32) -> Void
  ) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.inputs[0])
    guard axis == -1 || axis == shape.rank - 1 else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    guard input.isContiguous else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let width = shape[shape.rank - 1]
    let rowStride = (width + Layout.lane - 1) / Layout.lane * Layout.lane
    let split = WorkSplit(
      groupCount: 1, rowCount: shape.elementCount / width, work: shape.elementCount.saturatingProduct(4),
      threadCount: planner.threadCount)
    let scratch = planner.makeScratch(elementCount: rowStride.saturatingProduct(split.itemCount))
    let label = "\(name) \(planner.kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, scratch]) { operands in
      unsafe PartStep(label, images: 1, split: split) { part, arena in
        let row = unsafe operands[2].pointer(in: arena) + part.item * rowStride
        for index in part.rows {
          unsafe row.update(from: operands[0].pointer(in: arena) + index * width, count: width)
          unsafe change(row, Int32(width))
          unsafe (operands[1].pointer(in: arena) + index * width).update(from: row, count: width)
        }
      }
    }
    return true
  }

  /// Each channel of each image over its pixels.
  private static func normalizeChannels(
    _ node: Node, _ norm: InstanceNormalization, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.inputs[0])
    guard let scale = try planner.constant(node.inputs[1])?.floats(),
      let bias = try planner.constant(node.inputs[2])?.floats()
    else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    guard input.isContiguous else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let (channels, pixels) = (shape[1], shape.dimensions[2...].reduce(1, *))
    let split = WorkSplit(
      groupCount: 1, rowCount: shape[0] * channels, work: shape.elementCount.saturatingProduct(4),
      threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep("instance norm", images: 1, split: split) { part, arena in
        for row in part.rows {
          let from = unsafe operands[0].pointer(in: arena) + row * pixels
          let to = unsafe operands[1].pointer(in: arena) + row * pixels
          var (mean, variance) = (0.0, 0.0)
          for index in 0..<pixels { unsafe mean += Double(from[index]) }
          mean /= Double(pixels)
          for index in 0..<pixels { unsafe variance += (Double(from[index]) - mean) * (Double(from[index]) - mean) }
          let factor =
            1 / (variance / Double(pixels) + Double(norm.epsilon)).squareRoot() * Double(scale[row % channels])
          let offset = Double(bias[row % channels])
          for index in 0..<pixels { unsafe to[index] = Float((Double(from[index]) - mean) * factor + offset) }
        }
      }
    }
    return true
  }

  /// A factor and an offset for each place along the second axis.
  private static func scaleChannels(
    _ node: Node, _ norm: BatchNormalization, in planner: inout Planner
  ) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.inputs[0])
    let constants = node.inputs.dropFirst().compactMap { planner.constant($0) }
    guard shape.rank >= 2, constants.count == 4 else { return false }
    let (factors, offsets) = try norm.factors([Tensor(ofShapeOnly: shape)] + constants)
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    guard input.isContiguous else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let (channels, pixels) = (shape[1], shape.dimensions[2...].reduce(1, *))
    let split = WorkSplit(
      groupCount: 1, rowCount: shape[0] * channels, work: shape.elementCount, threadCount: planner.threadCount)
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep("batch norm", images: 1, split: split) { part, arena in
        for row in part.rows {
          let from = unsafe operands[0].pointer(in: arena) + row * pixels
          let to = unsafe operands[1].pointer(in: arena) + row * pixels
          let (factor, offset) = (factors[row % channels], offsets[row % channels])
          for index in 0..<pixels { unsafe to[index] = from[index] * factor + offset }
        }
      }
    }
    return true
  }

  /// Along any axis: each line is brought together, and taken apart again.
  private static func softmax(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    let shape = planner.shape(of: node.inputs[0])
    guard let operation = node.operation as? any AxisOperator else { return false }
    let axis = try operation.axis(of: shape)
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    guard input.isContiguous else { return false }
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let (length, inner) = (shape[axis], shape.dimensions[(axis + 1)...].reduce(1, *))
    let split = WorkSplit(
      groupCount: 1, rowCount: shape.elementCount / length, work: shape.elementCount.saturatingProduct(8),
      threadCount: planner.threadCount)
    let scratch = planner.makeScratch(elementCount: length.saturatingProduct(split.itemCount))
    let kernels = planner.kernels
    let isLogarithm: Int32 = node.operation is LogSoftmax ? 1 : 0
    let name = "\(isLogarithm == 1 ? "log softmax" : "softmax") \(kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, scratch]) { operands in
      unsafe PartStep(name, images: 1, split: split) { part, arena in
        let line = unsafe operands[2].pointer(in: arena) + part.item * length
        for row in part.rows {
          let start = row / inner * inner * length + row % inner
          let (from, to) = unsafe (operands[0].pointer(in: arena) + start, operands[1].pointer(in: arena) + start)
          for index in 0..<length { unsafe line[index] = from[index * inner] }
          unsafe kernels.functions.pointee.softmax(line, line, 1, Int64(length), isLogarithm)
          for index in 0..<length { unsafe to[index * inner] = line[index] }
        }
      }
    }
    return true
  }
}
