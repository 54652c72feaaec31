import MTLGraph

/// Another size of an image: {"block": "resize", "scale": 4, "mode": "bilinear"}, or "size": [rows, columns], or "like":
/// "input" for the size of the network's input. Modes are those of `Resize`.
public struct ResizeBlock: Block {
  public static let name = "resize"
  let mode: Resize.Mode
  let target: Resize.Target

  private enum Like: String, CaseIterable { case input }

  public init(_ fields: inout FieldReader) throws(MTLError) {
    mode = try fields.choice("mode") ?? .bilinear
    let scale = try fields.integer("scale", in: 1...Window.maximumSide)
    let size = try fields.pair("size", in: 1...Window.maximumSide)
    let like: Like? = try fields.choice("like")
    switch (scale, size, like) {
    case (let scale?, nil, nil): target = .scale(scale)
    case (nil, let size?, nil): target = .size(size.rows, size.columns)
    case (nil, nil, .input): target = .like
    default: throw MTLError(.badFormat, fields.path, "needs one of 'scale', 'size' and 'like'")
    }
  }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    let image = target == .like ? builder.image.map { [$0] } ?? [] : []
    return try builder.add(Resize(mode, to: target), [input] + image)
  }
}

/// Some channels of an image or features of a row, for heads that are packed in one layer:
/// {"block": "slice", "from": 7, "to": 9}
public struct SliceBlock: Block {
  public static let name = "slice"
  let range: Range<Int>

  public init(_ fields: inout FieldReader) throws(MTLError) {
    let places = 0...(1 << 24)
    let start = try fields.integer("from", in: places) ?? 0
    guard let end = try fields.integer("to", in: places) else {
      throw MTLError(.badFormat, fields.path, "has no field 'to'")
    }
    guard start < end else {
      throw MTLError(.badFormat, "\(fields.path).to", expected: "more than 'from'", found: "\(end)")
    }
    range = start..<end
  }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.slice(input, range)
  }
}

/// {"block": "l2_normalize", "axis": 1, "epsilon": 1e-12}: each pixel's channels divided by their length, as surface
/// normals are.
public struct L2NormalizeBlock: Block {
  public static let name = "l2_normalize"
  let operation: L2Normalize

  public init(_ fields: inout FieldReader) throws(MTLError) {
    let axis = try fields.integer("axis", in: -Shape.maximumRank...Shape.maximumRank) ?? 1
    let epsilon = try fields.number("epsilon") ?? 1e-12
    guard epsilon >= 0, epsilon <= 1 else {
      throw MTLError(.badFormat, "\(fields.path).epsilon", expected: "0 to 1", found: "\(epsilon)")
    }
    operation = L2Normalize(axis: axis, epsilon: Float(epsilon))
  }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.add(operation, [input])
  }
}
