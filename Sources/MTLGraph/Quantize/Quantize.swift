extension Graph {
  /// The graph with its sites rounded to the table's grids, and with weights in bytes where a convolution then reads such
  /// a value. What other convolutions of sites read is rounded to bfloat16 where the table says so, and what attentions
  /// read; engines that multiply such numbers round the weights as well.
  ///
  /// Apart from the graph's outputs, all that reads a site's value reads the rounded one.
  public func quantized(by table: QuantizationTable) throws(MTLError) -> Graph {
    let sites = quantizationSites()
    try check(table, sites)
    var quantizer = Quantizer(self, sites, table)
    for (index, node) in nodes.enumerated() { try quantizer.add(node, index) }
    return quantizer.finished()
  }

  /// The graph without what rounds to bfloat16: for processors that multiply floats as fast.
  package func withoutBFloat16() -> Graph {
    var sources: ValueMap<ValueID> = [:]
    var kept: [Node] = []
    for var node in nodes {
      node.inputs = node.inputs.map { sources[$0] ?? $0 }
      if node.operation is RoundToBFloat16 { sources[node.outputs[0]] = node.inputs[0] } else { kept.append(node) }
    }
    guard !sources.isEmpty else { return self }
    var graph = self
    graph.replaceNodes(kept, outputs: outputs.map { Port(name: $0.name, value: sources[$0.value] ?? $0.value) })
    return graph
  }

  private func check(_ table: QuantizationTable, _ sites: [QuantizationSite]) throws(MTLError) {
    let readers = sites.flatMap(\.readers)
    try Graph.check(table.grids.keys, among: sites.map(\.name), "values")
    try Graph.check(table.floatNodes, among: readers.map(\.name), "convolutions")
    try Graph.check(table.biasCorrections.keys, among: readers.map(\.name), "convolutions")
    for reader in readers {
      guard let correction = table.biasCorrections[reader.name] else { continue }
      let weight = constants[nodes[reader.node].inputs[1]]?.shape ?? []
      let channels = WeightRows(nodes[reader.node].operation, weight)?.outputCount ?? 0
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
  /// How values are rounded, and all parts of a concatenation.
  private var sites: ValueMap<Site> = [:]
  private var concatenations: [Int: Site] = [:]
  /// The names of convolutions whose weights become bytes.
  private var convolutions: [Int: String] = [:]
  /// Convolutions of bfloat16 whose input is on a grid.
  private var bfloat16Nodes: Set<Int> = []
  private var bfloat16Values: ValueMap<ValueID> = [:]
  /// Values that are rounded to bfloat16.
  private var roundedValues: Set<ValueID> = []
  private var replacement: ValueMap<ValueID> = [:]
  private var weights: [Weights: (codes: ValueID, scales: [Float])] = [:]
  private var scales: [[ValueID]: ValueID] = [:]
  private var zeros: [Int: ValueID] = [:]

  /// Weights, and what they are to a convolution.
  private struct Weights: Hashable {
    let value: ValueID
    let rows: WeightRows
  }

  private struct Site {
    let name: String
    /// nil for bfloat16.
    let grid: ByteGrid?
  }

  init(_ graph: Graph, _ all: [QuantizationSite], _ table: QuantizationTable) {
    self.graph = graph
    self.table = table
    for site in all {
      let grid = table.grids[site.name]
      guard grid != nil || table.isBFloat16 && site.isForBFloat16 else { continue }
      if let concatenation = site.concatenation {
        concatenations[concatenation] = Site(name: site.name, grid: grid)
      } else {
        sites[site.value] = Site(name: site.name, grid: grid)
      }
      guard grid != nil else { continue }
      for reader in site.readers {
        if !table.floatNodes.contains(reader.name) {
          convolutions[reader.node] = reader.name
        } else if table.isBFloat16, !reader.isForBytesAlone {
          bfloat16Nodes.insert(reader.node)
        }
      }
    }
    if table.isBFloat16 { addAttentions() }
    for input in graph.inputs { round(input.value) }
  }

  /// What attentions read becomes sites, too, but for what is rounded otherwise already.
  private mutating func addAttentions() {
    let names = graph.uniqueNodeNames()
    var makers: ValueMap<String> = [:]
    for input in graph.inputs { makers[input.value] = Graph.siteName(ofInput: input.name) }
    for (value, producer) in graph.producers()
    where concatenations[producer] == nil && !graph.nodes[producer].operation.isRounding {
      makers[value] = names[producer]
    }
    for value in graph.valuesOfAttention() where sites[value] == nil {
      if let name = makers[value] { sites[value] = Site(name: name, grid: nil) }
    }
  }

  mutating func add(_ node: Node, _ index: Int) throws(MTLError) {
    var node = node
    node.inputs = node.inputs.map { replacement[$0] ?? $0 }
    if let site = concatenations[index] {
      var rounded: ValueMap<ValueID> = [:]
      for value in node.inputs where rounded[value] == nil { rounded[value] = append(site, value) }
      node.inputs = node.inputs.map { rounded[$0] ?? $0 }
    }
    if bfloat16Nodes.contains(index) { node.inputs[0] = inBFloat16(node.inputs[0], node.name) }
    if table.isBFloat16 {
      // Constants, values on grids and concatenations.
      for position in node.attentionOperands.indices where !roundedValues.contains(node.inputs[position]) {
        node.inputs[position] = inBFloat16(node.inputs[position], node.name)
      }
    }
    if let name = convolutions[index] { node.inputs = try inputs(of: node, name) }
    kept.append(node)
    if node.keepsBFloat16(among: roundedValues) { roundedValues.formUnion(node.outputs) }
    for output in node.outputs { round(output) }
  }

  func finished() -> Graph {
    var result = graph
    result.replaceNodes(kept, outputs: graph.outputs)
    return result
  }

  private mutating func round(_ value: ValueID) {
    guard let site = sites[value] else { return }
    replacement[value] = append(site, value)
  }

  /// A value rounded for some of its readers.
  private mutating func inBFloat16(_ value: ValueID, _ name: String) -> ValueID {
    if let known = bfloat16Values[value] { return known }
    let made = append(Site(name: name, grid: nil), value)
    bfloat16Values[value] = made
    return made
  }

  private mutating func append(_ site: Site, _ value: ValueID) -> ValueID {
    let operation: any Operator = site.grid.map { FakeQuantize(grid: $0) } ?? RoundToBFloat16()
    let rounded = graph.add(operation, name: "\(site.name) \(site.grid == nil ? "rounded" : "quantized")", [value])
    kept.append(graph.nodes[graph.nodes.count - 1])
    if site.grid == nil { roundedValues.insert(rounded) }
    return rounded
  }

  /// Data, weights in bytes, bias and the factor of each output.
  private mutating func inputs(of node: Node, _ name: String) throws(MTLError) -> [ValueID] {
    guard let weight = graph.constants[node.inputs[1]], let rows = WeightRows(node.operation, weight.shape) else {
      return node.inputs
    }
    var inputs = node.inputs
    if inputs.count == 2 { inputs.append(zeroBias(rows.outputCount)) }
    if let correction = table.biasCorrections[name] {
      let bias = try graph.constants[inputs[2]]?.floats(of: name) ?? []
      inputs[2] = graph.addConstant(
        Tensor(zip(bias, correction).map { $0 + $1 }, shape: [min(bias.count, correction.count)]))
    }
    guard weight.type == .float32 else { return inputs }
    let (codes, own) = try codes(of: Weights(value: inputs[1], rows: rows), weight, name)
    let key = [codes] + inputs.dropFirst(3)
    if scales[key] == nil {
      let factors = try inputs.count == 4 ? graph.constants[inputs[3]]?.floats(of: name) : nil
      scales[key] = graph.addConstant(
        Tensor(own.indices.map { own[$0] * (factors?[$0] ?? 1) }, shape: [own.count]))
    }
    return [inputs[0], codes, inputs[2], scales[key] ?? .absent]
  }

  /// Layers that share a weight go on sharing it.
  private mutating func codes(
    of key: Weights, _ weight: Tensor, _ name: String
  ) throws(MTLError) -> (codes: ValueID, scales: [Float]) {
    if let known = weights[key] { return known }
    let quantized = try QuantizedWeights(weight, key.rows, of: name)
    let made = (graph.addConstant(quantized.tensor, name: graph.constantNames[key.value]), quantized.scales)
    weights[key] = made
    return made
  }

  private mutating func zeroBias(_ channels: Int) -> ValueID {
    if let known = zeros[channels] { return known }
    let made = graph.addConstant(Tensor([Float](repeating: 0, count: channels), shape: [channels]))
    zeros[channels] = made
    return made
  }
}
