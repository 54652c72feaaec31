/// What elements of values are: float32, bfloat16 or bytes on a grid.
public enum NumberFormat: Hashable, Sendable, CaseIterable {
  case floats, halves, bytes

  public var byteCount: Int {
    switch self {
    case .floats: 4
    case .halves: 2
    case .bytes: 1
    }
  }

  /// What stands in front of a kernel's name.
  var prefix: String {
    switch self {
    case .floats: ""
    case .halves: "bf16 "
    case .bytes: "int8 "
    }
  }
}
