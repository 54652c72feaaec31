import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

/// A card with one block as the encoder, on a 3 x 8 x 8 picture.
func card(block: String) throws(MTLError) -> ModelCard {
  try card(
    #"{"format": 1, "input": {"width": 8, "height": 8}, "network": {"encoder": [\#(block)], "heads": {"t": []}}}"#)
}

@Suite("Fields of blocks")
struct BlockFieldTests {
  static let wrongBlocks = [
    ("1", "card: network.encoder[0]: is no object"),
    ("{}", "network.encoder[0]: has no field 'block'"),
    (#"{"block": 1}"#, "network.encoder[0].block: is not text"),
    (#"{"block": "lstm"}"#, "network.encoder[0].block: expected one of activation, average_pool, batch_norm, conv, "),
    (#"{"block": "conv"}"#, "network.encoder[0]: has no field 'key'"),
    (#"{"block": "conv", "key": "c", "channels": 0}"#, "encoder[0].channels: is not a whole number from 1 to 1048576"),
    (#"{"block": "conv", "key": "c", "channels": "8"}"#, "encoder[0].channels: is not a whole number"),
    (#"{"block": "conv", "key": "c", "kernel": [3]}"#, "encoder[0].kernel: is not a number or [rows, columns]"),
    (#"{"block": "conv", "key": "c", "kernel": [3, 3, 3]}"#, "encoder[0].kernel: is not a number or [rows, columns]"),
    (#"{"block": "conv", "key": "c", "kernel": 0}"#, "encoder[0].kernel: is not a whole number from 1 to 32768"),
    (#"{"block": "conv", "key": "c", "stride": [1, 0]}"#, "encoder[0].stride: is not a whole number from 1 to 32768"),
    (#"{"block": "conv", "key": "c", "padding": -1}"#, "encoder[0].padding: is not a whole number from 0 to 32768"),
    (#"{"block": "conv", "key": "c", "dilation": 1e9}"#, "encoder[0].dilation: is not a whole number from 1"),
    (#"{"block": "conv", "key": "c", "groups": 0}"#, "encoder[0].groups: is not a whole number from 1 to 1048576"),
    (#"{"block": "conv", "key": "c", "bias": 1}"#, "encoder[0].bias: is not true or false"),
    (#"{"block": "conv", "key": "c", "norm": true}"#, "encoder[0].norm: is not text"),
    (#"{"block": "conv", "key": "c", "norm_epsilon": 2}"#, "encoder[0].norm_epsilon: expected 0 to 1, found 2.0"),
    (#"{"block": "conv", "key": "c", "norm_epsilon": -1e-9}"#, "encoder[0].norm_epsilon: expected 0 to 1"),
    (#"{"block": "conv", "key": "c", "norm_epsilon": "0"}"#, "encoder[0].norm_epsilon: is not a number"),
    (#"{"block": "conv", "key": "c", "activation": "glu"}"#, "activation: expected one of relu, leaky_relu, sigmoid"),
    (
      #"{"block": "conv", "key": "c", "activtion": "relu"}"#,
      "encoder[0]: unknown field 'activtion'; known are activation"
    ),
    (#"{"block": "linear"}"#, "encoder[0]: has no field 'key'"),
    (#"{"block": "linear", "key": "l", "features": 16777217}"#, "encoder[0].features: is not a whole number from 1"),
    (#"{"block": "linear", "key": "l", "kernel": 1}"#, "unknown field 'kernel'"),
    (#"{"block": "batch_norm"}"#, "encoder[0]: has no field 'key'"),
    (#"{"block": "batch_norm", "key": "n", "norm_epsilon": []}"#, "encoder[0].norm_epsilon: is not a number"),
    (#"{"block": "activation"}"#, "encoder[0]: has no field 'kind'"),
    (#"{"block": "activation", "kind": "Relu"}"#, "encoder[0].kind: expected one of relu, leaky_relu, sigmoid, tanh"),
    (#"{"block": "max_pool"}"#, "encoder[0]: has no field 'kernel'"),
    (#"{"block": "max_pool", "kernel": 2, "ceil": "yes"}"#, "encoder[0].ceil: is not true or false"),
    (#"{"block": "max_pool", "kernel": 2, "counts_padding": true}"#, "unknown field 'counts_padding'"),
    (#"{"block": "average_pool", "kernel": 2, "counts_padding": 1}"#, "counts_padding: is not true or false"),
    (#"{"block": "average_pool", "kernel": 2, "stride": 0}"#, "encoder[0].stride: is not a whole number from 1"),
    (#"{"block": "softmax", "axis": 9}"#, "encoder[0].axis: is not a whole number from -8 to 8"),
    (#"{"block": "flatten", "axis": 1}"#, "unknown field 'axis'"),
    (#"{"block": "dropout", "p": 0.5}"#, "unknown field 'p'"),
    (#"{"block": "global_average_pool", "size": 1}"#, "unknown field 'size'"),
    (#"{"block": "resnet"}"#, "encoder[0]: has no field 'key'"),
    (#"{"block": "resnet", "key": "", "dilated": 8}"#, "encoder[0].dilated: is not true or false"),
    (#"{"block": "resnet", "key": "", "depth": 0}"#, "encoder[0].depth: is not a whole number from 1 to 10000"),
    (#"{"block": "deeplab", "key": "d", "rates": []}"#, "encoder[0].rates: is not a list of numbers"),
    (#"{"block": "deeplab", "key": "d", "rates": [0]}"#, "encoder[0].rates: is not a whole number from 1 to 32768"),
    (#"{"block": "mlp"}"#, "encoder[0]: has no field 'key'"),
    (#"{"block": "mlp", "key": "m", "activation": "glu"}"#, "activation: expected one of relu"),
    (#"{"block": "resize"}"#, "encoder[0]: needs one of 'scale', 'size' and 'like'"),
    (#"{"block": "resize", "scale": 2, "size": 8}"#, "encoder[0]: needs one of 'scale', 'size' and 'like'"),
    (#"{"block": "resize", "like": "output"}"#, "encoder[0].like: expected one of input"),
    (#"{"block": "resize", "scale": 2, "mode": "cubic"}"#, "encoder[0].mode: expected one of bilinear"),
    (#"{"block": "slice", "from": 1}"#, "encoder[0]: has no field 'to'"),
    (#"{"block": "slice", "from": 3, "to": 3}"#, "encoder[0].to: expected more than 'from', found 3"),
    (#"{"block": "l2_normalize", "axis": 9}"#, "encoder[0].axis: is not a whole number from -8 to 8"),
    (#"{"block": "l2_normalize", "epsilon": -1}"#, "encoder[0].epsilon: expected 0 to 1"),
    (#"{"block": "transposed_conv"}"#, "encoder[0]: has no field 'key'"),
    (
      #"{"block": "transposed_conv", "key": "t", "output_padding": -1}"#, "output_padding: is not a whole number from 0"
    ),
  ]

  @Test(arguments: wrongBlocks)
  func wrongBlockIsNamed(_ block: String, _ words: String) {
    let error = failure { () throws(MTLError) in try card(block: block) }
    #expect(
      error?.kind == .badFormat && error?.description.contains(words) == true, "\(block): \(String(describing: error))")
  }

  @Test func everyBlockHasAnErrorHere() {
    for type in blockTypes { #expect(Self.wrongBlocks.contains { $0.0.contains(#""\#(type.name)""#) }, "\(type.name)") }
  }

  /// Blocks that can be read but do not fit the picture or the weights.
  static let misfits = [
    (#"{"block": "linear", "key": "l"}"#, "encoder: block 'linear': expected a row of features"),
    (#"{"block": "flatten"}, {"block": "conv", "key": "c"}"#, "encoder: block 'conv': expected an image"),
    (#"{"block": "conv", "key": "c", "groups": 2}"#, "c: expected a multiple of 2 channels, found 3"),
    (#"{"block": "conv", "key": "c", "stride": 2, "dilation": 5}"#, "c (Conv): input: expected at least one window"),
    (#"{"block": "conv", "key": "none"}"#, "none (Conv): weight: expected at least one output"),
    (#"{"block": "conv", "key": "flat"}"#, "flat (Conv): window: expected kernel, stride and dilation"),
    (#"{"block": "max_pool", "kernel": 9}"#, "encoder.MaxPool (MaxPool): input: expected at least one window of 9x9"),
    (#"{"block": "max_pool", "kernel": 2, "padding": 2}"#, "(MaxPool): padding: expected at most half of the kernel"),
    (#"{"block": "average_pool", "kernel": 3, "padding": [1, 2]}"#, "(AveragePool): padding: expected at most half"),
    (#"{"block": "softmax", "axis": 4}"#, "encoder.Softmax (Softmax): axis: expected -4 to 3, found 4"),
    (#"{"block": "flatten"}, {"block": "global_average_pool"}"#, "encoder.GlobalAveragePool"),
  ]

  @Test(arguments: misfits)
  func misfitIsNamed(_ blocks: String, _ words: String) throws {
    let weights = try Checkpoint(shapes: [
      "c.weight": [4, 3, 3, 3], "none.weight": [0, 3, 1, 1], "flat.weight": [4, 3, 0, 1],
    ])
    .store()
    let card = try card(block: blocks)
    let error = failure { () throws(MTLError) in try LoadedNetwork(card, weights: weights) }
    #expect([.shapeMismatch, .limit].contains(error?.kind), "\(String(describing: error))")
    #expect(error?.description.contains(words) == true, "\(blocks): \(String(describing: error))")
  }
}
