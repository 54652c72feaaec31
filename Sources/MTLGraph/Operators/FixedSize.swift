/// The image itself, which must have one size: the one that a network's weights were trained for.
public struct FixedSize: Operator {
  public static let name = "FixedSize"
  public let rows: Int
  public let columns: Int
  /// What depends on the size, for the error: "gates".
  public let reason: String

  public init(rows: Int, columns: Int, reason: String) {
    self.rows = rows
    self.columns = columns
    self.reason = reason
  }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    try requireRank(inputs[0], 4)
    guard inputs[0][2] == rows, inputs[0][3] == columns else {
      throw MTLError(
        .shapeMismatch, "image",
        expected:
          "\(columns) x \(rows) pixels (width x height), the size that the network's \(reason) were trained for",
        found: "\(inputs[0][3]) x \(inputs[0][2])")
    }
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { inputs }
}
