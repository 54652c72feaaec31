extension Graph {
  /// The graph with its sites rounded to the table's grids, and with weights in bytes where a convolution then reads such
  /// a value.
  ///
  /// Apart from the graph's outputs, all that reads a site's value reads the rounded one.
  public func quantized(by table: QuantizationTable) throws(MTLError) -> Graph {
    let sites = quantizationSites()
    try check(table, sites)
    var quantizer = Quantizer(self, sites, table)
    for (index, node) in nodes.enumerated() { try quantizer.add(node, index) }
    return quantizer.finished()
  }

  private func check(_ table: QuantizationTable, _ sites: [QuantizationSite]) throws(MTLError) {
    let readers = sites.flatMap(\.readers)
    try Graph.check(table.grids.keys, among: sites.map(\.name), "values")
    try Graph.check(table.floatNodes, among: readers.map(\.name), "convolutions")
    try Graph.check(table.biasCorrections.keys, among: readers.map(\.name), "convolutions")
    for reader in readers {
      guard let correction = table.biasCorrections[reader.name] else { continue }
      let channels = constants[nodes[reader.node].inputs[1]]?.shape[0] ?? 0
      guard correction.count == channels, correction.allSatisfy(\.isFinite) else {
        throw MTLError(
          .badFormat, "quantization of '\(reader.name)'", expected: "\(channels) finite numbers to add",
          found: "\(correction.count)")
      }
    }
  }

  private static func check(
    _ names: some Sequence<String>, among known: [String], _ kind: String
  ) throws(MTLError) {
    let strange = Set(names).subtracting(known).sorted()
    guard !strange.isEmpty else { return }
    let listed = strange.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
    throw MTLError(
      .badFormat, "quantization", expected: "\(kind) of the network",
      found: "\(strange.count) that it does not have: \(listed)\(strange.count > 3 ? " ..." : "")")
  }
}

/// Builds a graph anew with roundings between its nodes.
private struct Quantizer {
  private var graph: Graph
  private let table: QuantizationTable
  private var kept: [Node] = []
  /// Grids of values, and of all parts of a concatenation.
  private var sites: [ValueID: (name: String, grid: ByteGrid)] = [:]
  private var concatenations: [Int: (name: String, grid: ByteGrid)] = [:]
  /// The names of convolutions whose weights become bytes.
  private var convolutions: [Int: String] = [:]
  private var replacement: [ValueID: ValueID] = [:]
  private var weights: [ValueID: (codes: ValueID, scales: [Float])] = [:]
  private var scales: [[ValueID]: ValueID] = [:]
  private var zeros: [Int: ValueID] = [:]

  init(_ graph: Graph, _ all: [QuantizationSite], _ table: QuantizationTable) {
    self.graph = graph
    self.table = table
    for site in all {
      guard let grid = table.grids[site.name] else { continue }
      if let concatenation = site.concatenation {
        concatenations[concatenation] = (site.name, grid)
      } else {
        sites[site.value] = (site.name, grid)
      }
      for reader in site.readers where !table.floatNodes.contains(reader.name) {
        convolutions[reader.node] = reader.name
      }
    }
    for input in graph.inputs { round(input.value) }
  }

  mutating func add(_ node: Node, _ index: Int) throws(MTLError) {
    var node = node
    node.inputs = node.inputs.map { replacement[$0] ?? $0 }
    if let (name, grid) = concatenations[index] {
      var rounded: [ValueID: ValueID] = [:]
      for value in node.inputs where rounded[value] == nil { rounded[value] = append(grid, name, value) }
      node.inputs = node.inputs.map { rounded[$0] ?? $0 }
    }
    if let name = convolutions[index] { node.inputs = try inputs(of: node, name) }
    kept.append(node)
    for output in node.outputs { round(output) }
  }

  func finished() -> Graph {
    var result = graph
    result.replaceNodes(kept, outputs: graph.outputs)
    return result
  }

  private mutating func round(_ value: ValueID) {
    guard let (name, grid) = sites[value] else { return }
    replacement[value] = append(grid, name, value)
  }

  private mutating func append(_ grid: ByteGrid, _ name: String, _ value: ValueID) -> ValueID {
    let rounded = graph.add(FakeQuantize(grid: grid), name: "\(name) quantized", [value])
    kept.append(graph.nodes[graph.nodes.count - 1])
    return rounded
  }

  /// Data, weights in bytes, bias and the factor of each output.
  private mutating func inputs(of node: Node, _ name: String) throws(MTLError) -> [ValueID] {
    guard let weight = graph.constants[node.inputs[1]] else { return node.inputs }
    var inputs = node.inputs
    if inputs.count == 2 { inputs.append(zeroBias(weight.shape[0])) }
    if let correction = table.biasCorrections[name] {
      let bias = try graph.constants[inputs[2]]?.floats(of: name) ?? []
      inputs[2] = graph.addConstant(
        Tensor(zip(bias, correction).map { $0 + $1 }, shape: [min(bias.count, correction.count)]))
    }
    guard weight.type == .float32 else { return inputs }
    let (codes, own) = try codes(of: inputs[1], weight, name)
    let key = [inputs[1]] + inputs.dropFirst(3)
    if scales[key] == nil {
      let factors = try inputs.count == 4 ? graph.constants[inputs[3]]?.floats(of: name) : nil
      scales[key] = graph.addConstant(
        Tensor(own.indices.map { own[$0] * (factors?[$0] ?? 1) }, shape: [own.count]))
    }
    return [inputs[0], codes, inputs[2], scales[key] ?? .absent]
  }

  /// Layers that share a weight go on sharing it.
  private mutating func codes(
    of value: ValueID, _ weight: Tensor, _ name: String
  ) throws(MTLError) -> (codes: ValueID, scales: [Float]) {
    if let known = weights[value] { return known }
    let quantized = try QuantizedWeights(weight, of: name)
    let made = (graph.addConstant(quantized.tensor, name: graph.constantNames[value]), quantized.scales)
    weights[value] = made
    return made
  }

  private mutating func zeroBias(_ channels: Int) -> ValueID {
    if let known = zeros[channels] { return known }
    let made = graph.addConstant(Tensor([Float](repeating: 0, count: channels), shape: [channels]))
    zeros[channels] = made
    return made
  }
}
