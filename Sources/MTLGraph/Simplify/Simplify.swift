extension Graph {
  /// The portable rewrites: the same outputs from fewer nodes, for any CPU and any input size.
  public func simplified() throws(MTLError) -> Graph {
    var graph = self
    graph.removePassThrough()
    graph.removeDeadNodes()
    graph.recognizeActivations()
    graph.recognizeL2Normalize()
    try graph.foldBatchNormalization()
    return graph
  }

  /// The same for inputs of known shapes, which also find tokens and attention.
  public func simplified(for inputShapes: [Shape]) throws(MTLError) -> Graph {
    var graph = try simplified()
    try graph.recognizeLayerNormalization(for: inputShapes)
    graph = try graph.withTokensAsImages(inputShapes)
    graph.removePassThrough()
    // Tokens first: reshapes are in the way.
    graph.joinByteTables(try graph.shapes(for: inputShapes))
    try graph.foldBiases()
    return graph
  }
}
