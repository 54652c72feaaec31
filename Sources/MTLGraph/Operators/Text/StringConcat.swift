/// The texts of two tensors one behind the other, with broadcasting.
public struct StringConcat: GeneralOperator, StandardOperator {
  public static let name = "StringConcat"
  public static let imports = [OperatorImport(name) { _ in StringConcat() }]
  public init() {}
  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inputs.requireText(0)
    try inputs.requireText(1)
    return try inferring(inputs) { shapes throws(MTLError) in [try Shape.broadcast(shapes)] }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (left, right) = (try inputs.required(0), try inputs.required(1))
    let shape = try Shape.broadcast([left.shape, right.shape])
    let places = (left.shape.places(in: shape), right.shape.places(in: shape))
    var byteCount = 0
    var texts: [String] = []
    for index in 0..<shape.elementCount {
      let (first, second) = (left.texts[places.0.offset(index)], right.texts[places.1.offset(index)])
      byteCount = byteCount.saturatingSum(first.utf8.count + second.utf8.count)
      // In a loop, texts that are joined with themselves double in each turn.
      guard byteCount <= Tensor.maximumTextByteCount else {
        throw MTLError(
          .limit, "output", expected: "at most \(Tensor.maximumTextByteCount) bytes of text", found: "\(byteCount)")
      }
      texts.append(first + second)
    }
    return [Tensor(uncheckedTexts: texts, shape)]
  }
}

extension Tensor {
  /// Bytes of all texts that an operator makes.
  static let maximumTextByteCount = 1 << 28
}

extension Array where Element == Fact? {
  /// Fails where an input is no tensor of texts.
  func requireText(_ position: Int) throws(MTLError) {
    let type = try required(position).type
    guard type == .string else {
      throw MTLError(.dataTypeMismatch, "input \(position)", expected: "string", found: "\(type)")
    }
  }
}
