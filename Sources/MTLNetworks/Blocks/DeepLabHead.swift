import MTLGraph

extension NetworkBuilder {
  /// DeepLabV3's head (Chen et al. 2017) as LibMTL's examples, mtan, auto-lambda and Vandenhende have it: `key.0` pools a
  /// pyramid, `key.1` is a 3 x 3 convolution, `key.4` gives the classes.
  mutating func deepLabHead(
    _ input: ValueID, _ key: String, rates: [Int] = [12, 24, 36]
  ) throws(MTLError) -> ValueID {
    let pyramid = try deepLabPyramid(input, "\(key).0", rates: rates)
    let value = try convolutionNormalized(pyramid, "\(key).1", norm: "\(key).2", kernel: 3, bias: false)
    return try convolution(value, "\(key).4", kernel: 1, bias: true)
  }

  /// A 1 x 1 convolution, a dilated 3 x 3 one for each rate and the image's mean, side by side, then projected.
  private mutating func deepLabPyramid(
    _ input: ValueID, _ key: String, rates: [Int]
  ) throws(MTLError) -> ValueID {
    var branches = [
      try convolutionNormalized(input, "\(key).convs.0.0", norm: "\(key).convs.0.1", kernel: 1, bias: false)
    ]
    for (index, rate) in rates.enumerated() {
      let branch = "\(key).convs.\(index + 1)"
      branches.append(
        try convolutionNormalized(input, "\(branch).0", norm: "\(branch).1", kernel: 3, dilation: rate, bias: false))
    }
    let mean = "\(key).convs.\(rates.count + 1)"
    let pooled = try convolutionNormalized(
      globalAverage(input), "\(mean).1", norm: "\(mean).2", kernel: 1, bias: false)
    branches.append(try resize(pooled, like: input, .bilinear))
    return try convolutionNormalized(
      concat(branches), "\(key).project.0", norm: "\(key).project.1", kernel: 1, bias: false)
  }
}
