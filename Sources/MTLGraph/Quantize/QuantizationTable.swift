/// How a simplified graph is rounded: which of its values are kept in bytes, and on which grids, and whether the others that
/// convolutions read, and attentions, are bfloat16.
///
/// Values and convolutions go by the names that `Graph.quantizationSites()` gives them, so that a table outlives the graph
/// that it was made for.
public struct QuantizationTable: Sendable, Equatable {
  /// By site.
  public var grids: [String: ByteGrid]
  /// Convolutions that keep their weights although their input has a grid.
  public var floatNodes: Set<String>
  /// By convolution: what is added to each output channel, because rounding moves its mean.
  public var biasCorrections: [String: [Float]]
  /// Whether convolutions that have no bytes to multiply, of those that could, multiply bfloat16, and attentions as well.
  public var isBFloat16: Bool

  public init(
    grids: [String: ByteGrid] = [:], floatNodes: Set<String> = [], biasCorrections: [String: [Float]] = [:],
    isBFloat16: Bool = false
  ) {
    self.grids = grids
    self.floatNodes = floatNodes
    self.biasCorrections = biasCorrections
    self.isBFloat16 = isBFloat16
  }
}
