/// How a two-dimensional window slides: the attributes that convolution and pooling share.
public struct Window: Hashable, Sendable {
  /// Rows and columns; a side never exceeds `maximumSide`.
  public struct Pair: Hashable, Sendable {
    public let rows: Int
    public let columns: Int

    public init(_ rows: Int, _ columns: Int) {
      self.rows = rows
      self.columns = columns
    }

    public init(_ both: Int) { self.init(both, both) }
  }

  public struct Padding: Hashable, Sendable {
    public let top: Int
    public let left: Int
    public let bottom: Int
    public let right: Int

    public init(top: Int, left: Int, bottom: Int, right: Int) {
      self.top = top
      self.left = left
      self.bottom = bottom
      self.right = right
    }

    public init(_ all: Int) { self.init(top: all, left: all, bottom: all, right: all) }
  }

  public static let maximumSide = 1 << 15

  public let kernel: Pair
  public let stride: Pair
  public let dilation: Pair
  public let padding: Padding

  public init(kernel: Pair, stride: Pair = Pair(1), dilation: Pair = Pair(1), padding: Padding = Padding(0)) {
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
  }

  /// Rows and columns of the output for an input of this size. With `ceil`, a last partial window counts, unless it
  /// would start in the padding (PyTorch's rule). Both images keep `maximumSide`, too.
  public func outputSize(rows: Int, columns: Int, ceil: Bool = false) throws(MTLError) -> (rows: Int, columns: Int) {
    let limits = 1...Window.maximumSide
    for side in [kernel.rows, kernel.columns, stride.rows, stride.columns, dilation.rows, dilation.columns] {
      guard limits.contains(side) else {
        throw MTLError(.limit, "window", expected: "kernel, stride and dilation of \(limits)", found: "\(side)")
      }
    }
    for side in [padding.top, padding.left, padding.bottom, padding.right] {
      guard (0...Window.maximumSide).contains(side) else {
        throw MTLError(.limit, "window", expected: "padding of 0 to \(Window.maximumSide)", found: "\(side)")
      }
    }
    try Window.checkImage("input", rows, columns)
    let outRows = Window.steps(rows, kernel.rows, stride.rows, dilation.rows, padding.top, padding.bottom, ceil)
    let outColumns = Window.steps(
      columns, kernel.columns, stride.columns, dilation.columns, padding.left, padding.right, ceil)
    guard outRows > 0, outColumns > 0 else {
      throw MTLError(
        .shapeMismatch, "input", expected: "at least one window of \(kernel.rows)x\(kernel.columns)",
        found: "\(rows)x\(columns) pixels")
    }
    try Window.checkImage("output", outRows, outColumns)
    return (outRows, outColumns)
  }

  private static func checkImage(_ subject: String, _ rows: Int, _ columns: Int) throws(MTLError) {
    guard (0...maximumSide).contains(rows), (0...maximumSide).contains(columns) else {
      throw MTLError(
        .limit, subject, expected: "at most \(maximumSide) pixels a side", found: "\(rows)x\(columns)")
    }
  }

  private static func steps(
    _ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, _ before: Int, _ after: Int, _ ceil: Bool
  ) -> Int {
    let span = dilation * (kernel - 1) + 1
    // A window that is larger than the padded image may still be a partial one.
    let room = size + before + after - span + (ceil ? stride - 1 : 0)
    guard room >= 0 else { return 0 }
    let steps = room / stride + 1
    return ceil && (steps - 1) * stride >= size + before ? steps - 1 : steps
  }
}
