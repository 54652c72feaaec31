/// Two-dimensional convolution, as PyTorch's `conv2d`: x NCHW, weight O x I/groups x KH x KW, optional bias O. A fourth
/// input, also O, is a factor of each output's weights: what folding a normalisation leaves, so that the weights stay where
/// the file maps them. Weights of int8 are whole numbers of such factors, with a zero point of 0.
public struct Convolution: Operator {
  public static let name = "Conv"

  public let stride: Window.Pair
  public let dilation: Window.Pair
  public let padding: Window.Padding
  public let groups: Int

  public init(
    stride: Window.Pair = .init(1), dilation: Window.Pair = .init(1), padding: Window.Padding = .init(0),
    groups: Int = 1
  ) {
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    self.groups = groups
  }

  /// The sliding window for a weight of this shape.
  public func window(weight: Shape) -> Window {
    Window(kernel: .init(weight[2], weight[3]), stride: stride, dilation: dilation, padding: padding)
  }

  /// Whether each channel has one filter of its own.
  public func isDepthwise(_ weight: Shape) -> Bool {
    groups > 1 && weight.rank == 4 && weight[1] == 1 && weight[0] == groups
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 2...4)
    try requireRank(inputs[0], 4)
    try requireRank(inputs[1], 4, "weight")
    let (x, weight) = (inputs[0], inputs[1])
    guard weight[0] >= 1 else {
      throw MTLError(.shapeMismatch, "weight", expected: "at least one output channel", found: "\(weight)")
    }
    guard groups >= 1, weight[0] % groups == 0 else {
      throw MTLError(.shapeMismatch, "groups", expected: "a divisor of \(weight[0]) outputs", found: "\(groups)")
    }
    guard x[1] == weight[1] * groups else {
      throw MTLError(
        .shapeMismatch, "input",
        expected: "\(weight[1] * groups) channels for a weight of \(weight) in "
          + "\(groups) groups", found: "\(x[1])")
    }
    for (what, shape) in zip(["bias", "scale"], inputs.dropFirst(2)) where shape.dimensions != [weight[0]] {
      throw MTLError(.shapeMismatch, what, expected: "\(weight[0])", found: "\(shape)")
    }
    let size = try window(weight: weight).outputSize(rows: x[2], columns: x[3])
    return [[x[0], weight[0], size.rows, size.columns]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    let outputShape = try outputShapes(inputs.map(\.shape))[0]
    let x = try inputs[0].floats()
    let weight = try inputs.count == 4 ? inputs[1].scaledRows(by: inputs[3]).floats() : inputs[1].numbers()
    let bias = inputs.count >= 3 ? try inputs[2].floats() : [Float](repeating: 0, count: outputShape[1])
    var result = [Float](repeating: 0, count: outputShape.elementCount)
    var position = 0
    for image in 0..<outputShape[0] {
      for channel in 0..<outputShape[1] {
        for row in 0..<outputShape[2] {
          for column in 0..<outputShape[3] {
            result[position] =
              bias[channel]
              + sum(x, inputs[0].shape, weight, inputs[1].shape, image, channel, row, column)
            position += 1
          }
        }
      }
    }
    return [Tensor(result, shape: outputShape)]
  }

  /// One output element without its bias.
  private func sum(
    _ x: [Float], _ xShape: Shape, _ weight: [Float], _ weightShape: Shape,
    _ image: Int, _ channel: Int, _ row: Int, _ column: Int
  ) -> Float {
    let group = channel / (weightShape[0] / groups)
    var total: Float = 0
    for input in 0..<weightShape[1] {
      let plane = (image * xShape[1] + group * weightShape[1] + input) * xShape[2]
      for tapRow in 0..<weightShape[2] {
        let y = row * stride.rows + tapRow * dilation.rows - padding.top
        guard y >= 0, y < xShape[2] else { continue }
        let tap = ((channel * weightShape[1] + input) * weightShape[2] + tapRow) * weightShape[3]
        for tapColumn in 0..<weightShape[3] {
          let x0 = column * stride.columns + tapColumn * dilation.columns - padding.left
          guard x0 >= 0, x0 < xShape[3] else { continue }
          total += x[(plane + y) * xShape[3] + x0] * weight[tap + tapColumn]
        }
      }
    }
    return total
  }

  /// The factor folded out of a normalisation is no parameter of its own.
  public func isParameter(input: Int) -> Bool { input < 3 }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    outputs[0].elementCount.saturatingProduct(inputs[1].dimensions.dropFirst().reduce(1, *))
  }
}

extension Tensor {
  /// Each row, the part at one place of the first axis, times its own factor.
  package func scaledRows(by factors: Tensor) throws(MTLError) -> Tensor {
    if type == .int8, shape.elementCount > 0 {
      return try DequantizeLinear(axis: 0, blockSize: 0, target: nil).compute([self, factors])[0]
    }
    var values = numbers()
    let factors = try factors.floats()
    let width = values.count / max(factors.count, 1)
    for index in values.indices { values[index] *= factors[index / width] }
    return Tensor(values, shape: shape)
  }
}
