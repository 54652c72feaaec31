import MTLGraph

/// Batch normalisation on its own: {"block": "batch_norm", "key": "bn1", "norm_epsilon": 1e-5}
public struct NormalizationBlock: Block {
  public static let name = "batch_norm"
  let key: String
  let epsilon: Float

  public init(_ fields: inout FieldReader) throws(MTLError) {
    key = try fields.requiredString("key")
    epsilon = try readNormEpsilon(&fields)
  }

  public var keys: [String] { [key] }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.normalize(input, key: key, epsilon: epsilon)
  }
}
