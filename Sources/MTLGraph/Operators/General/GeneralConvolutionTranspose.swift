/// Transposed convolution over any number of axes: x N x C x ..., weight C x O/groups x ..., optional bias. Special form:
/// `ConvolutionTranspose` on images.
public struct GeneralConvolutionTranspose: GeneralOperator, StandardOperator {
  public static let name = "ConvTranspose"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralConvolutionTranspose(
        try SpatialWindow(attributes), groups: try attributes.integer("group", default: 1),
        outputPadding: try attributes.integers("output_padding"), outputSizes: try attributes.integers("output_shape"))
    }
  ]
  private let window: SpatialWindow
  private let groups: Int
  private let outputPadding: [Int]?
  /// Pixels of the output; the padding follows from them.
  private let outputSizes: [Int]?

  init(_ window: SpatialWindow, groups: Int, outputPadding: [Int]?, outputSizes: [Int]?) {
    self.window = window
    self.groups = groups
    self.outputPadding = outputPadding
    self.outputSizes = outputSizes
  }

  private struct Geometry {
    var window: SpatialWindow.Resolved
    let extra: [Int]
    var sizes: [Int]
  }

  private func geometry(_ x: Shape, _ weight: Shape) throws(MTLError) -> Geometry {
    guard x.rank >= 3, weight.rank == x.rank, groups >= 1, weight[0] == x[1], x[1] % groups == 0 else {
      throw MTLError(
        .shapeMismatch, "weight", expected: "filters for the input \(x) in \(groups) groups", found: "\(weight)")
    }
    let sizes = Array(x.dimensions[2...])
    var window = try window.resolved(sizes, weight: Array(weight.dimensions[2...]))
    let extra = outputPadding ?? [Int](repeating: 0, count: sizes.count)
    let wanted = outputSizes.map { Array($0.suffix(sizes.count)) }
    guard extra.count == sizes.count, extra.allSatisfy({ (0...Window.maximumSide).contains($0) }),
      wanted.map({ $0.count == sizes.count && $0.allSatisfy { (1...Window.maximumSide).contains($0) } }) ?? true
    else { throw MTLError(.shapeMismatch, "output", expected: "a number for each axis of \(x)", found: "others") }
    var result: [Int] = []
    for axis in sizes.indices {
      let full =
        max(sizes[axis] - 1, 0) * window.strides[axis] + (window.kernel[axis] - 1) * window.dilations[axis] + 1
        + extra[axis]
      let isSame = self.window.autoPad == .sameUpper || self.window.autoPad == .sameLower
      if let size = wanted?[axis] ?? (isSame ? sizes[axis] * window.strides[axis] : nil) {
        let total = max(full - size, 0)
        window.before[axis] = self.window.autoPad == .sameUpper ? total / 2 : total - total / 2
        window.behind[axis] = total - window.before[axis]
        result.append(size)
      } else {
        result.append(full - window.before[axis] - window.behind[axis])
      }
    }
    return Geometry(window: window, extra: extra, sizes: result)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (x, weight) = (try inputs.required(0), try inputs.required(1, "weight"))
    guard let shape = x.shape, let filter = weight.shape else { return [Fact(x.type, nil)] }
    let geometry = try geometry(shape, filter)
    let channels = filter[1].saturatingProduct(groups)
    if let bias = inputs.optional(2)?.shape, bias.dimensions != [channels] {
      throw MTLError(.shapeMismatch, "bias", expected: "\(channels)", found: "\(bias)")
    }
    return [Fact(x.type, try Shape(checking: [shape[0], channels] + geometry.sizes, of: "output"))]
  }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    inputs[0].elementCount.saturatingProduct(inputs[1].dimensions.dropFirst().reduce(1, *))
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, weight) = (try inputs.required(0), try inputs.required(1))
    let (shape, filter, output) = (x.shape, weight.shape, try outputShape(inputs))
    let geometry = try geometry(shape, filter)
    let (values, weights, biases) = (x.numbers(), weight.numbers(), inputs.optional(2)?.numbers())
    let sizes = Array(shape.dimensions[2...])
    let (pixels, places) = (sizes.reduce(1, *), geometry.sizes.reduce(1, *))
    let inputsPerGroup = shape[1] / groups
    var result = [Float](repeating: 0, count: output.elementCount)
    // An input pixel reaches those places of the output that a window there would read.
    for pixel in 0..<pixels {
      geometry.window.forEachTap(at: pixel, output: sizes, input: geometry.sizes) { tap, place, _ in
        guard let place else { return }
        for image in 0..<shape[0] {
          for channel in 0..<shape[1] {
            let value = values[(image * shape[1] + channel) * pixels + pixel]
            let first = channel / inputsPerGroup * filter[1]
            for target in 0..<filter[1] {
              result[(image * output[1] + first + target) * places + place] +=
                value * weights[(channel * filter[1] + target) * geometry.window.elementCount + tap]
            }
          }
        }
      }
    }
    if let biases {
      for index in result.indices { result[index] += biases[index / max(places, 1) % output[1]] }
    }
    return [Tensor(result, as: x.type, shape: output)]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let x = inputs.optional(0), let weight = inputs.optional(1), let shape = x.fact.shape,
      let filter = weight.fact.shape, x.fact.type == .float32, weight.fact.type == .float32, shape.rank == 4
    else { return nil }
    let geometry = try geometry(shape, filter)
    guard let window = geometry.window.planar else { return nil }
    let special = ConvolutionTranspose(
      stride: window.stride, dilation: window.dilation, padding: window.padding,
      outputPadding: .init(geometry.extra[0], geometry.extra[1]), groups: groups)
    let wanted = Shape([shape[0], filter[1] * groups] + geometry.sizes)
    guard (try? special.outputShapes(inputs.compactMap { $0?.fact.shape })) == [wanted] else { return nil }
    guard let whole = specializer.wholeWeights[weight.id], let factors = whole.factors(along: 1) else {
      return try specializer.add(special, inputs.map { $0?.id })
    }
    // Every group has the same.
    let all = [[Float]](repeating: factors, count: groups).flatMap { $0 }
    return try specializer.add(
      special, specializer.inputs(x.id, whole.numbers, name: whole.name, factors: all, bias: inputs.optional(2)?.id))
  }
}
