/// Convolution over any number of axes: x N x C x ..., weight O x C/groups x ..., optional bias. Special form:
/// `Convolution` on images.
public struct GeneralConvolution: GeneralOperator, StandardOperator {
  public static let name = "Conv"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GeneralConvolution(try SpatialWindow(attributes), groups: try attributes.integer("group", default: 1))
    }
  ]
  private let window: SpatialWindow
  private let groups: Int

  init(_ window: SpatialWindow, groups: Int) {
    self.window = window
    self.groups = groups
  }

  private func resolved(_ x: Shape, _ weight: Shape) throws(MTLError) -> SpatialWindow.Resolved {
    guard x.rank >= 3, weight.rank == x.rank else {
      throw MTLError(.shapeMismatch, "weight", expected: "as many dimensions as the input \(x)", found: "\(weight)")
    }
    return try window.resolved(Array(x.dimensions[2...]), weight: Array(weight.dimensions[2...]))
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (x, weight) = (try inputs.required(0), try inputs.required(1, "weight"))
    guard let shape = x.shape, let filter = weight.shape else { return [Fact(x.type, nil)] }
    let window = try resolved(shape, filter)
    guard groups >= 1, filter[0] >= 1, filter[0] % groups == 0, filter[1].saturatingProduct(groups) == shape[1] else {
      throw MTLError(
        .shapeMismatch, "input", expected: "\(filter[1].saturatingProduct(groups)) channels in \(groups) groups",
        found: "\(shape)")
    }
    if let bias = inputs.optional(2)?.shape, bias.dimensions != [filter[0]] {
      throw MTLError(.shapeMismatch, "bias", expected: "\(filter[0])", found: "\(bias)")
    }
    let sizes = try self.window.outputSizes(Array(shape.dimensions[2...]), window)
    return [Fact(x.type, Shape([shape[0], filter[0]] + sizes))]
  }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    outputs[0].elementCount.saturatingProduct(inputs[1].dimensions.dropFirst().reduce(1, *))
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, weight) = (try inputs.required(0), try inputs.required(1))
    let (shape, filter, output) = (x.shape, weight.shape, try outputShape(inputs))
    let window = try resolved(shape, filter)
    let (values, weights, biases) = (x.numbers(), weight.numbers(), inputs.optional(2)?.numbers())
    let (sizes, outputSizes) = (Array(shape.dimensions[2...]), Array(output.dimensions[2...]))
    let (pixels, places) = (sizes.reduce(1, *), outputSizes.reduce(1, *))
    let perGroup = filter[0] / groups
    var result = [Float](repeating: 0, count: output.elementCount)
    for place in 0..<places {
      window.forEachTap(at: place, output: outputSizes, input: sizes) { tap, pixel, _ in
        guard let pixel else { return }
        for image in 0..<shape[0] {
          for channel in 0..<filter[0] {
            let first = image * shape[1] + channel / perGroup * filter[1]
            var sum: Float = 0
            for input in 0..<filter[1] {
              sum +=
                values[(first + input) * pixels + pixel]
                * weights[(channel * filter[1] + input) * window.elementCount + tap]
            }
            result[(image * filter[0] + channel) * places + place] += sum
          }
        }
      }
    }
    if let biases {
      for index in result.indices { result[index] += biases[index / max(places, 1) % filter[0]] }
    }
    return [Tensor(result, as: x.type, shape: output)]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    guard let x = inputs.optional(0), let weight = inputs.optional(1), let shape = x.fact.shape,
      let filter = weight.fact.shape, x.fact.type == .float32, weight.fact.type == .float32, shape.rank == 4,
      let window = try resolved(shape, filter).planar
    else { return nil }
    let convolution = Convolution(
      stride: window.stride, dilation: window.dilation, padding: window.padding, groups: groups)
    guard let whole = specializer.wholeWeights[weight.id], let factors = whole.factors(along: 0) else {
      return try specializer.add(convolution, inputs.map { $0?.id })
    }
    return try specializer.add(
      convolution,
      specializer.inputs(x.id, whole.numbers, name: whole.name, factors: factors, bias: inputs.optional(2)?.id))
  }
}
