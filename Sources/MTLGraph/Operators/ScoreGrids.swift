/// The grids of bytes that a quantized attention rounds to on its way, each where there is one.
public struct ScoreGrids: Sendable, Hashable {
  /// Of the products times the scale.
  public var product: ByteGrid?
  /// Of these with the bias.
  public var score: ByteGrid?
  /// Of those once more, where a mask was added.
  public var masked: ByteGrid?
  /// Of what the softmax makes of the scores.
  public var weight: ByteGrid?

  public init(
    product: ByteGrid? = nil, score: ByteGrid? = nil, masked: ByteGrid? = nil, weight: ByteGrid? = nil
  ) {
    (self.product, self.score, self.masked, self.weight) = (product, score, masked, weight)
  }

  /// Whether there is none.
  public var isEmpty: Bool { self == ScoreGrids() }

  /// A score from the product times the scale, and from the bias.
  func score(_ product: Float, bias: Float) -> Float {
    rounded(rounded(rounded(product, self.product) + bias, score), masked)
  }

  func rounded(_ value: Float, _ grid: ByteGrid?) -> Float {
    grid.map { FakeQuantize(grid: $0).apply(value) } ?? value
  }
}
