import MTLGraph

/// Transposed convolution, and with it what mostly follows.
///
/// {"block": "transposed_conv", "key": "deconv_layers.0", "kernel": 4, "stride": 2, "padding": 1, "output_padding": 0,
///  "groups": 1, "bias": false, "norm": "deconv_layers.1", "norm_epsilon": 1e-5, "activation": "relu"}
/// The kernel is read off the weights where it is left out.
public struct TransposedConvolutionBlock: Block {
  public static let name = "transposed_conv"
  let key: String
  let kernel: Int?
  let stride: Int
  let padding: Int
  let outputPadding: Int
  let groups: Int
  let hasBias: Bool?
  let layer: LayerEnd

  public init(_ fields: inout FieldReader) throws(MTLError) {
    let sides = 1...Window.maximumSide
    let margins = 0...Window.maximumSide
    key = try fields.requiredString("key")
    kernel = try fields.integer("kernel", in: sides)
    stride = try fields.integer("stride", in: sides) ?? 1
    padding = try fields.integer("padding", in: margins) ?? 0
    outputPadding = try fields.integer("output_padding", in: margins) ?? 0
    groups = try fields.integer("groups", in: 1...(1 << 20)) ?? 1
    hasBias = try fields.bool("bias")
    layer = try LayerEnd(&fields)
  }

  public var keys: [String] { [key] + layer.keys }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    let side = kernel ?? builder.checkpoint.dimension(2, of: "\(key).weight") ?? 1
    let value = try builder.convolutionTransposed(
      input, key, kernel: side, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
      bias: hasBias)
    return try layer.add(to: &builder, after: value)
  }
}
