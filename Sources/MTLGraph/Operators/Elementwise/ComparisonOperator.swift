/// An operator that asks something of two elements; shapes broadcast as in `BinaryOperator`, and the output is bool.
protocol ComparisonOperator: GeneralOperator {
  func holds(_ left: Double, _ right: Double) -> Bool
  /// Of integers; those of uint64 keep their order by having the top bit turned.
  func holds(_ left: Int, _ right: Int) -> Bool
  /// Of texts, by their bytes; only asked where `takesText`.
  func holds(_ left: String, _ right: String) -> Bool
}

extension ComparisonOperator {
  func holds(_ left: String, _ right: String) -> Bool { false }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (left, right) = (try inputs.required(0), try inputs.required(1))
    guard left.type == right.type else {
      throw MTLError(.dataTypeMismatch, "inputs", expected: "one type", found: "\(left.type) and \(right.type)")
    }
    return try inferring(inputs, type: .bool) { shapes throws(MTLError) in [try Shape.broadcast(shapes)] }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (left, right) = (try inputs.required(0), try inputs.required(1))
    let shape = try Shape.broadcast([left.shape, right.shape])
    let places = (left.shape.places(in: shape), right.shape.places(in: shape))
    func ask<Value>(_ left: [Value], _ right: [Value], _ holds: (Value, Value) -> Bool) -> Tensor {
      let answers = (0..<shape.elementCount).map { index -> UInt8 in
        holds(left[places.0.offset(index)], right[places.1.offset(index)]) ? 1 : 0
      }
      return Tensor(elements: answers, .bool, shape)
    }
    if left.type == .string { return [ask(left.texts, right.texts, holds)] }
    if left.type.isFloatingPoint { return [ask(left.doubles(), right.doubles(), holds)] }
    let turned = left.type == .uint64 ? Int.min : 0
    return [ask(left.integers().map { $0 ^ turned }, right.integers().map { $0 ^ turned }, holds)]
  }
}
