import MTLGraph

/// Convolution, and with it what mostly follows: batch normalisation and an activation.
///
/// {"block": "conv", "key": "encoder.0", "kernel": 3, "channels": 64, "stride": 1, "padding": 0, "dilation": 1,
///  "groups": 1, "bias": true, "norm": "encoder.1", "norm_epsilon": 1e-5, "activation": "relu"}
/// Weights are `key.weight` and `key.bias`. Only `key` is needed: kernel and channels are read off the weights where
/// they are left out, and bias is used where the checkpoint has one.
public struct ConvolutionBlock: Block {
  public static let name = "conv"
  let key: String
  let channels: Int?
  let kernel: Window.Pair?
  let stride: Window.Pair
  let padding: Window.Pair
  let dilation: Window.Pair
  let groups: Int
  let hasBias: Bool?
  let layer: LayerEnd

  public init(
    _ key: String, channels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, hasBias: Bool, norm: String? = nil,
    activation: ActivationKind? = nil
  ) {
    self.key = key
    self.channels = channels
    self.kernel = .init(kernel)
    self.stride = .init(stride)
    self.padding = .init(padding)
    dilation = .init(1)
    groups = 1
    self.hasBias = hasBias
    layer = LayerEnd(norm: norm, activation: activation)
  }

  public init(_ fields: inout FieldReader) throws(MTLError) {
    let sides = 1...Window.maximumSide
    key = try fields.requiredString("key")
    channels = try fields.integer("channels", in: 1...(1 << 20))
    kernel = try fields.pair("kernel", in: sides)
    stride = try fields.pair("stride", in: sides) ?? .init(1)
    padding = try fields.pair("padding", in: 0...Window.maximumSide) ?? .init(0)
    dilation = try fields.pair("dilation", in: sides) ?? .init(1)
    groups = try fields.integer("groups", in: 1...(1 << 20)) ?? 1
    hasBias = try fields.bool("bias")
    layer = try LayerEnd(&fields)
  }

  public var keys: [String] { [key] + layer.keys }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.require(input, rank: 4, for: ConvolutionBlock.name)
    let inputChannels = builder.channels(of: input)
    guard inputChannels % groups == 0 else {
      throw MTLError(.shapeMismatch, key, expected: "a multiple of \(groups) channels", found: "\(inputChannels)")
    }
    var inputs = [
      input, try builder.weight("\(key).weight", [channels, inputChannels / groups, kernel?.rows, kernel?.columns]),
    ]
    if hasBias ?? builder.checkpoint.contains("\(key).bias") {
      inputs.append(try builder.weight("\(key).bias", [builder.shape(of: inputs[1])[0]]))
    }
    let convolution = Convolution(
      stride: stride, dilation: dilation,
      padding: .init(top: padding.rows, left: padding.columns, bottom: padding.rows, right: padding.columns),
      groups: groups)
    return try layer.add(to: &builder, after: builder.add(convolution, key: key, inputs))
  }
}
