/// Mean of each window, as PyTorch's `avg_pool2d`. x NCHW.
public struct AveragePool: PoolingOperator {
  public static let name = "AveragePool"
  public let window: Window
  /// Whether a last partial window counts.
  public let ceil: Bool
  /// Whether padding counts as zeros in the mean (PyTorch's default).
  public let countsPadding: Bool

  public init(_ window: Window, ceil: Bool = false, countsPadding: Bool = true) {
    self.window = window
    self.ceil = ceil
    self.countsPadding = countsPadding
  }

  func reduce(_ covered: [Float], windowElementCount: Int) -> Float {
    covered.reduce(0, +) / Float(countsPadding ? windowElementCount : covered.count)
  }
}
