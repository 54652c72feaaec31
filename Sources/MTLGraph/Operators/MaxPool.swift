/// Largest element of each window, as PyTorch's `max_pool2d`. x NCHW.
public struct MaxPool: PoolingOperator {
  public static let name = "MaxPool"
  public let window: Window
  /// Whether a last partial window counts.
  public let ceil: Bool

  public init(_ window: Window, ceil: Bool = false) {
    self.window = window
    self.ceil = ceil
  }

  func reduce(_ covered: [Float], windowElementCount: Int) -> Float {
    // A NaN wins, as in PyTorch.
    covered.reduce(-.infinity) { $0 >= $1 || $0.isNaN ? $0 : $1 }
  }
}
