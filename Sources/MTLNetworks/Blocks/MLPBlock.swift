import MTLGraph

/// All Linear layers under a key, in the order of the checkpoint, with the batch normalisations directly behind them and an
/// activation between them, unless the numbers of a Sequential leave no room for one: {"block": "mlp", "key": "heads.age", "activation": "relu"}
public struct MLPBlock: Block {
  public static let name = "mlp"
  let key: String
  let activation: ActivationKind

  public init(_ fields: inout FieldReader) throws(MTLError) {
    key = try fields.requiredString("key")
    activation = try fields.choice("activation") ?? .relu
  }

  public var keys: [String] { [key] }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.require(input, rank: 2, for: MLPBlock.name)
    let heads = LinearHeads(ModuleKeys(builder.checkpoint), features: builder.channels(of: input)) {
      $0 != key && !$0.hasPrefix(key + ".")
    }
    guard let head = heads.heads.first, heads.heads.count == 1, heads.leftOver.isEmpty else {
      throw MTLError(
        .checkpointMismatch, "mlp '\(key)'",
        expected: "a chain of Linear layers from \(builder.channels(of: input)) features",
        found: heads.heads.isEmpty ? "none" : "layers that do not follow one another")
    }
    return try head.build(&builder, after: input, activation: activation)
  }
}
