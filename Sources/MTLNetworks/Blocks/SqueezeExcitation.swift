import MTLGraph

extension NetworkBuilder {
  /// Squeeze-and-excitation (Hu et al. 2018): every channel times what two linear layers make of all channels' means.
  /// The layers are `key.0` and `key.2`.
  mutating func squeezeExcitation(_ input: ValueID, _ key: String) throws(MTLError) -> ValueID {
    // A mean is an image of one pixel, on which a linear layer is a projection.
    let squeezed = try activate(projection(globalAverage(input), "\(key).0", bias: true), .relu)
    let gate = try activate(projection(squeezed, "\(key).2", features: channels(of: input), bias: true), .sigmoid)
    return try product(input, gate)
  }
}
