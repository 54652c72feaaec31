/// An operator that joins any number of tensors of one type element by element, with broadcasting.
protocol VariadicOperator: GeneralOperator {
  /// The same for two, where an operator for them has kernels.
  var pairwise: (any Operator)? { get }
  func join(_ values: [Double]) -> Double
}

extension VariadicOperator {
  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let first = try inputs.required(0)
    for position in inputs.indices {
      let type = try inputs.required(position).type
      guard type == first.type else {
        throw MTLError(.dataTypeMismatch, "inputs", expected: "\(first.type)", found: "\(type)")
      }
    }
    return try inferring(inputs) { shapes throws(MTLError) in [try Shape.broadcast(shapes)] }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let tensors = inputs.compactMap { $0 }
    let shape = try Shape.broadcast(tensors.map(\.shape))
    let values = tensors.map { $0.doubles() }
    let places = tensors.map { $0.shape.places(in: shape) }
    let joined = (0..<shape.elementCount).map { index in
      join(values.indices.map { values[$0][places[$0].offset(index)] })
    }
    return [Tensor(joined, as: try inputs.required(0).type, shape: shape)]
  }

  public func specialized(
    _ inputs: [KnownValue?], in specializer: inout Specializer
  ) throws(MTLError) -> [ValueID]? {
    let values = inputs.compactMap { $0?.id }
    guard let first = values.first, values.count == 1 || pairwise != nil else { return nil }
    var result = first
    for value in values.dropFirst() {
      guard let pairwise else { return nil }
      result = try specializer.add(pairwise, [result, value])[0]
    }
    return [result]
  }
}
