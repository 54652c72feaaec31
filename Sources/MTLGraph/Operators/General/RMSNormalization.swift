/// Division by the root of the mean square over all axes from one on, then scale.
public struct RMSNormalization: GeneralOperator, StandardOperator {
  public static let name = "RMSNormalization"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      RMSNormalization(
        axis: try attributes.integer("axis", default: -1), epsilon: try attributes.float("epsilon", default: 1e-5))
    }
  ]
  private let axis: Int
  private let epsilon: Float

  init(axis: Int, epsilon: Float) {
    (self.axis, self.epsilon) = (axis, epsilon)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (input, scale) = (try inputs.required(0), try inputs.required(1))
    guard let shape = input.shape, let other = scale.shape else { return [Fact(scale.type, input.shape)] }
    let inner = Shape(Array(shape.dimensions[try shape.axis(axis)...]))
    guard Shape.broadcast(other, inner) == inner else {
      throw MTLError(.shapeMismatch, "scale", expected: "\(inner)", found: "\(other)")
    }
    return [Fact(scale.type, shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, scale) = (try inputs.required(0), try inputs.required(1))
    let fact = try infer(inputs.map { $0.map { Fact($0) } })[0]
    let inner = Shape(Array(input.shape.dimensions[try input.shape.axis(axis)...]))
    let factors = try scale.broadcast(to: inner).doubles()
    var values = input.doubles()
    let length = inner.elementCount
    for start in stride(from: 0, to: length == 0 ? 0 : values.count, by: max(length, 1)) {
      let square = values[start..<start + length].reduce(0) { $0 + $1 * $1 } / Double(length)
      let inverse = 1 / (square + Double(epsilon)).squareRoot()
      for index in 0..<length { values[start + index] *= inverse * factors[index] }
    }
    return [Tensor(values, as: fact.type, shape: input.shape)]
  }
}
