/// x / max(norm, epsilon) along one axis, with the Euclidean norm: PyTorch's `normalize` with its epsilon, or, with
/// epsilon 0, the plain quotient, in which 0 / 0 is NaN. ONNX's LpNormalization with p = 2.
public struct L2Normalize: LineOperator {
  public static let name = "LpNormalization"
  /// Negative counts from the last axis.
  public let axis: Int
  public let epsilon: Float

  public init(axis: Int = 1, epsilon: Float = 1e-12) {
    self.axis = axis
    self.epsilon = epsilon
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    [
      try inputs[0].mapLines(axis: axis(of: inputs[0].shape)) { line in
        let norm = Float(line.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot())
        line = line.map { $0 / (norm < epsilon ? epsilon : norm) }
      }
    ]
  }
}
