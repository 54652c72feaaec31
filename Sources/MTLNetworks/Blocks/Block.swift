import MTLGraph

/// A piece of a network that a recipe is made of and that a `model.json` can name: {"block": NAME, ...}.
public protocol Block: Sendable, SendableMetatype {
  static var name: String { get }

  /// The modules whose weights the block takes, by their keys in the checkpoint.
  var keys: [String] { get }

  /// Reads the block's fields from a `model.json`.
  init(_ fields: inout FieldReader) throws(MTLError)

  /// Adds the block's nodes behind `input` and returns its output.
  func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID
}

extension Block {
  public var keys: [String] { [] }
}

/// Every block.
let blockTypes: [any Block.Type] = [
  ActivationBlock.self,
  AveragePoolBlock.self,
  ConvolutionBlock.self,
  DeepLabBlock.self,
  DropoutBlock.self,
  FlattenBlock.self,
  GlobalAveragePoolBlock.self,
  L2NormalizeBlock.self,
  LinearBlock.self,
  MLPBlock.self,
  MaxPoolBlock.self,
  NormalizationBlock.self,
  ResNetBlock.self,
  ResizeBlock.self,
  SliceBlock.self,
  SoftmaxBlock.self,
  TransposedConvolutionBlock.self,
]
