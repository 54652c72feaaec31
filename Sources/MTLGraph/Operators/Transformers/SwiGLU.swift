import Glibc

/// a * sigmoid(alpha * a) * b
public struct SwiGLU: GeneralOperator, StandardOperator {
  public static let name = "SwiGLU"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in SwiGLU(alpha: try attributes.float("alpha", default: 1)) }
  ]
  private let alpha: Float

  init(alpha: Float) {
    self.alpha = alpha
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(1)
    return try inferring(inputs) { shapes throws(MTLError) in
      guard shapes[0] == shapes[1] else {
        throw MTLError(.shapeMismatch, "inputs", expected: "\(shapes[0])", found: "\(shapes[1])")
      }
      return [shapes[0]]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (gate, value) = (try inputs.required(0), try inputs.required(1))
    let shape = try outputShape(inputs)
    let results = zip(gate.doubles(), value.doubles()).map { $0 / (1 + exp(-Double(alpha) * $0)) * $1 }
    return [Tensor(results, as: gate.type, shape: shape)]
  }
}
