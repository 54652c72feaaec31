import MTLGraph

/// Fully connected layer, with an optional batch normalisation and activation.
///
/// {"block": "linear", "key": "decoder1.1", "features": 360, "bias": true, "norm": "...", "activation": "relu"}
/// Weights are `key.weight` and `key.bias`; features and bias are read off the checkpoint where they are left out.
public struct LinearBlock: Block {
  public static let name = "linear"
  let key: String
  let features: Int?
  let hasBias: Bool?
  let layer: LayerEnd

  public init(_ key: String, features: Int?, activation: ActivationKind? = nil) {
    self.key = key
    self.features = features
    hasBias = true
    layer = LayerEnd(activation: activation)
  }

  public init(_ fields: inout FieldReader) throws(MTLError) {
    key = try fields.requiredString("key")
    features = try fields.integer("features", in: 1...(1 << 24))
    hasBias = try fields.bool("bias")
    layer = try LayerEnd(&fields)
  }

  public var keys: [String] { [key] + layer.keys }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.require(input, rank: 2, for: LinearBlock.name)
    var inputs = [input, try builder.weight("\(key).weight", [features, builder.channels(of: input)])]
    if hasBias ?? builder.checkpoint.contains("\(key).bias") {
      inputs.append(try builder.weight("\(key).bias", [builder.shape(of: inputs[1])[0]]))
    }
    return try layer.add(to: &builder, after: builder.add(Gemm(), key: key, inputs))
  }
}
