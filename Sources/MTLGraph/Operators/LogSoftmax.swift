import Glibc

/// x - log(sum(exp(x))) along one axis, with the maximum subtracted first.
public struct LogSoftmax: LineOperator {
  public static let name = "LogSoftmax"
  /// Negative counts from the last axis.
  public let axis: Int

  public init(axis: Int = -1) {
    self.axis = axis
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] {
    [
      try inputs[0].mapLines(axis: axis(of: inputs[0].shape)) { line in
        let largest = line.reduce(-Float.infinity) { max($0, $1) }
        let logarithm = log(line.reduce(0) { $0 + exp($1 - largest) })
        line = line.map { $0 - largest - logarithm }
      }
    ]
  }
}
