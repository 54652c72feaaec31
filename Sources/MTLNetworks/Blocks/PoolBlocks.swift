import MTLGraph

/// The fields of both kinds of pooling: "kernel", "stride" (default: the kernel), "padding" (0), "ceil" (false).
private func readWindow(_ fields: inout FieldReader) throws(MTLError) -> (window: Window, ceil: Bool) {
  let sides = 1...Window.maximumSide
  guard let kernel = try fields.pair("kernel", in: sides) else {
    throw MTLError(.badFormat, fields.path, "has no field 'kernel'")
  }
  let stride = try fields.pair("stride", in: sides) ?? kernel
  let padding = try fields.pair("padding", in: 0...Window.maximumSide) ?? .init(0)
  let window = Window(
    kernel: kernel, stride: stride,
    padding: .init(top: padding.rows, left: padding.columns, bottom: padding.rows, right: padding.columns))
  return (window, try fields.bool("ceil") ?? false)
}

/// {"block": "max_pool", "kernel": 2, "stride": 2, "padding": 0, "ceil": false}
public struct MaxPoolBlock: Block {
  public static let name = "max_pool"
  let window: Window
  let ceil: Bool

  public init(kernel: Int) {
    window = Window(kernel: .init(kernel), stride: .init(kernel))
    ceil = false
  }

  public init(_ fields: inout FieldReader) throws(MTLError) {
    (window, ceil) = try readWindow(&fields)
  }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.add(MaxPool(window, ceil: ceil), [input])
  }
}

/// {"block": "average_pool", "kernel": 2, "stride": 2, "padding": 0, "ceil": false, "counts_padding": true}
public struct AveragePoolBlock: Block {
  public static let name = "average_pool"
  let window: Window
  let ceil: Bool
  let countsPadding: Bool

  public init(_ fields: inout FieldReader) throws(MTLError) {
    (window, ceil) = try readWindow(&fields)
    countsPadding = try fields.bool("counts_padding") ?? true
  }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.add(AveragePool(window, ceil: ceil, countsPadding: countsPadding), [input])
  }
}

/// {"block": "global_average_pool"}: N x C x H x W to N x C x 1 x 1.
public struct GlobalAveragePoolBlock: Block {
  public static let name = "global_average_pool"

  public init(_ fields: inout FieldReader) throws(MTLError) {}

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.add(GlobalAveragePool(), [input])
  }
}
