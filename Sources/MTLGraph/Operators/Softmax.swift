import Glibc

/// exp(x) / sum(exp(x)) along one axis, with the maximum subtracted first.
public struct Softmax: LineOperator {
  public static let name = "Softmax"
  /// Negative counts from the last axis.
  public let axis: Int

  public init(axis: Int = -1) {
    self.axis = axis
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    [try inputs[0].mapLines(axis: axis(of: inputs[0].shape), Softmax.apply)]
  }

  static func apply(_ line: inout [Float]) {
    let largest = line.reduce(-Float.infinity) { max($0, $1) }
    line = line.map { exp($0 - largest) }
    let sum = line.reduce(0, +)
    line = line.map { $0 / sum }
  }
}
