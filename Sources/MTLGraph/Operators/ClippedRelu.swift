/// min(max(x, 0), limit): ReLU6 with a limit of 6.
public struct ClippedRelu: ElementwiseOperator {
  public static let name = "ClippedRelu"
  public let limit: Float

  /// - Parameter limit: not negative.
  public init(limit: Float) {
    self.limit = limit
  }

  public func apply(_ value: Float) -> Float { value.isNaN ? value : min(max(value, 0), limit) }
}
