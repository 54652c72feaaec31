import MTLGraph

/// {"block": "flatten"}: N x C x H x W to N x (C * H * W), in that order.
public struct FlattenBlock: Block {
  public static let name = "flatten"

  public init() {}
  public init(_ fields: inout FieldReader) throws(MTLError) {}

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.add(Flatten(), [input])
  }
}

/// {"block": "dropout"}: nothing when a network is evaluated; it keeps a description close to the training code.
public struct DropoutBlock: Block {
  public static let name = "dropout"

  public init() {}
  public init(_ fields: inout FieldReader) throws(MTLError) {}

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.add(Dropout(), [input])
  }
}

/// {"block": "softmax", "axis": 1}
public struct SoftmaxBlock: Block {
  public static let name = "softmax"
  let axis: Int

  public init() { axis = 1 }

  public init(_ fields: inout FieldReader) throws(MTLError) {
    axis = try fields.integer("axis", in: -Shape.maximumRank...Shape.maximumRank) ?? 1
  }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.add(Softmax(axis: axis), [input])
  }
}
