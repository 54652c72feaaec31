/// Transposed two-dimensional convolution, as PyTorch's `conv_transpose2d`: x NCHW, weight I x O/groups x KH x KW,
/// optional bias O. A fourth input, also O, is a factor of each output's weights, as in `Convolution`, and so are weights of
/// int8 whole numbers of such factors.
public struct ConvolutionTranspose: Operator {
  public static let name = "ConvTranspose"

  public let stride: Window.Pair
  public let dilation: Window.Pair
  public let padding: Window.Padding
  /// Rows and columns added at the bottom and right of the output.
  public let outputPadding: Window.Pair
  public let groups: Int

  public init(
    stride: Window.Pair = .init(1), dilation: Window.Pair = .init(1), padding: Window.Padding = .init(0),
    outputPadding: Window.Pair = .init(0), groups: Int = 1
  ) {
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    self.outputPadding = outputPadding
    self.groups = groups
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 2...4)
    try requireRank(inputs[0], 4)
    try requireRank(inputs[1], 4, "weight")
    let (x, weight) = (inputs[0], inputs[1])
    guard groups >= 1, weight[0] >= 1, weight[1] >= 1, weight[0] % groups == 0 else {
      throw MTLError(.shapeMismatch, "groups", expected: "a divisor of \(weight[0]) inputs", found: "\(groups)")
    }
    guard x[1] == weight[0] else {
      throw MTLError(
        .shapeMismatch, "input", expected: "\(weight[0]) channels for a weight of \(weight)", found: "\(x[1])")
    }
    let channels = weight[1].saturatingProduct(groups)
    for (what, shape) in zip(["bias", "scale"], inputs.dropFirst(2)) where shape.dimensions != [channels] {
      throw MTLError(.shapeMismatch, what, expected: "\(channels)", found: "\(shape)")
    }
    let rows = size(
      x[2], weight[2], stride.rows, dilation.rows, padding.top + padding.bottom, outputPadding.rows)
    let columns = size(
      x[3], weight[3], stride.columns, dilation.columns, padding.left + padding.right, outputPadding.columns)
    // The same window, sliding over the output, must give the input's size: which also checks every limit.
    let window = Window(
      kernel: .init(weight[2], weight[3]), stride: stride, dilation: dilation, padding: padding)
    let back = try window.outputSize(rows: rows - outputPadding.rows, columns: columns - outputPadding.columns)
    guard back.rows == x[2], back.columns == x[3], (0..<max(stride.rows, 1)).contains(outputPadding.rows),
      (0..<max(stride.columns, 1)).contains(outputPadding.columns)
    else {
      throw MTLError(
        .shapeMismatch, "output padding", expected: "less than the stride",
        found: "\(outputPadding.rows)x\(outputPadding.columns)")
    }
    return [[x[0], channels, rows, columns]]
  }

  private func size(_ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ padding: Int, _ extra: Int) -> Int {
    let steps = max(input - 1, 0).saturatingProduct(stride)
    let span = max(kernel - 1, 0).saturatingProduct(dilation)
    return max(steps.saturatingSum(span).saturatingSum(1 + extra) - padding, 0)
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let output = try outputShapes(inputs.map(\.shape))[0]
    let (shape, weightShape) = (inputs[0].shape, inputs[1].shape)
    let (x, weight) = (try inputs[0].floats(), inputs[1].numbers())
    var result = [Float](repeating: 0, count: output.elementCount)
    let (inputsPerGroup, outputsPerGroup) = (shape[1] / groups, weightShape[1])
    for image in 0..<shape[0] {
      for channel in 0..<shape[1] {
        let group = channel / inputsPerGroup
        let plane = (image * shape[1] + channel) * shape[2] * shape[3]
        for target in 0..<outputsPerGroup {
          let to = (image * output[1] + group * outputsPerGroup + target) * output[2] * output[3]
          let taps = (channel * outputsPerGroup + target) * weightShape[2] * weightShape[3]
          scatter(x, plane, shape, weight, taps, weightShape, &result, to, output)
        }
      }
    }
    let pixels = output[2] * output[3]
    let scale = inputs.count == 4 ? try inputs[3].floats() : [Float](repeating: 1, count: output[1])
    let bias = inputs.count >= 3 ? try inputs[2].floats() : [Float](repeating: 0, count: output[1])
    for index in result.indices {
      let channel = index / pixels % output[1]
      result[index] = result[index] * scale[channel] + bias[channel]
    }
    return [Tensor(result, shape: output)]
  }

  /// Adds one input plane times one filter to one output plane.
  private func scatter(
    _ x: [Float], _ plane: Int, _ shape: Shape, _ weight: [Float], _ taps: Int, _ weightShape: Shape,
    _ result: inout [Float], _ to: Int, _ output: Shape
  ) {
    for pixel in 0..<shape[2] * shape[3] {
      let value = x[plane + pixel]
      for tap in 0..<weightShape[2] * weightShape[3] {
        let row = pixel / shape[3] * stride.rows + tap / weightShape[3] * dilation.rows - padding.top
        let column = pixel % shape[3] * stride.columns + tap % weightShape[3] * dilation.columns - padding.left
        guard row >= 0, row < output[2], column >= 0, column < output[3] else { continue }
        result[to + row * output[3] + column] += value * weight[taps + tap]
      }
    }
  }

  public func isParameter(input: Int) -> Bool { input < 3 }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    inputs[0].elementCount.saturatingProduct(inputs[1].dimensions.dropFirst().reduce(1, *))
  }
}
