import MTLGraph

/// What may follow a convolution or a fully connected layer within its block: batch normalisation, then an activation.
struct LayerEnd: Sendable {
  /// Key of the batch normalisation; nil where there is none.
  let norm: String?
  let normEpsilon: Float
  let activation: ActivationKind?

  init(norm: String? = nil, normEpsilon: Float = 1e-5, activation: ActivationKind? = nil) {
    self.norm = norm
    self.normEpsilon = normEpsilon
    self.activation = activation
  }

  init(_ fields: inout FieldReader) throws(MTLError) {
    norm = try fields.string("norm")
    normEpsilon = try readNormEpsilon(&fields)
    activation = try fields.choice("activation")
  }

  var keys: [String] { norm.map { [$0] } ?? [] }

  func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    var value = input
    if let norm { value = try builder.normalize(value, key: norm, epsilon: normEpsilon) }
    if let activation { value = try builder.add(activation.operation, [value]) }
    return value
  }
}

/// The field "norm_epsilon": PyTorch's default of 1e-5 where it is left out, as checkpoints do not store it.
func readNormEpsilon(_ fields: inout FieldReader) throws(MTLError) -> Float {
  let epsilon = try fields.number("norm_epsilon") ?? 1e-5
  guard epsilon >= 0, epsilon <= 1 else {
    throw MTLError(.badFormat, "\(fields.path).norm_epsilon", expected: "0 to 1", found: "\(epsilon)")
  }
  return Float(epsilon)
}
