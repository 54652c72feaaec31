extension Graph {
  /// Makes one `ByteTable` of what stands between two roundings to grids of bytes and sees each element alone: an
  /// activation that an exporter wrote with several operators, mostly, and a quantizer with a rounding behind each.
  mutating func joinByteTables(_ shapes: ValueMap<Shape>) {
    guard nodes.contains(where: { $0.operation is FakeQuantize }) else { return }
    let (producers, uses) = (producers(), useCounts())
    var kept = nodes
    var isChanged = false
    for node in nodes {
      guard let end = (node.operation as? FakeQuantize)?.grid, uses[node.inputs[0]] == 1,
        let last = producers[node.inputs[0]], !(nodes[last].operation is FakeQuantize),
        let stretch = stretch(before: node, producers, shapes),
        let source = producers[stretch.base], let start = (nodes[source].operation as? FakeQuantize)?.grid,
        let results = values(of: node.inputs[0], stretch, start)
      else { continue }
      // The rounding stays, for whoever looks for values on a grid.
      kept[last].operation = ByteTable(from: start, to: end, codes: results.map { end.code(of: $0) })
      kept[last].inputs = [stretch.base]
      isChanged = true
    }
    guard isChanged else { return }
    replaceNodes(kept, outputs: outputs)
    removeDeadNodes()
  }

  /// Nodes behind a rounded value, in their order.
  private struct Stretch {
    let base: ValueID
    let nodes: [Int]
  }

  /// Nodes that are looked at for one table.
  private static let longestStretch = 32

  /// Goes back from a rounding to the first rounded value that all behind it depends on alone.
  private func stretch(before end: Node, _ producers: ValueMap<Int>, _ shapes: ValueMap<Shape>) -> Stretch? {
    let shape = shapes[end.outputs[0]]
    var open: Set<ValueID> = [end.inputs[0]]
    var found: [Int] = []
    var longest: Stretch?
    while found.count < Graph.longestStretch {
      if open.count == 1, !found.isEmpty, let base = open.first, shapes[base] == shape, let source = producers[base],
        nodes[source].operation is FakeQuantize
      {
        longest = Stretch(base: base, nodes: found.sorted())
      }
      // The last one made is none that others of them depend on.
      let made = open.compactMap { producers[$0] }
      guard made.count == open.count, let last = made.max(), isElementwise(nodes[last]),
        shapes[nodes[last].outputs[0]] == shape
      else { return longest }
      found.append(last)
      open.remove(nodes[last].outputs[0])
      open.formUnion(nodes[last].inputs.filter { constants[$0]?.shape.elementCount != 1 })
    }
    return longest
  }

  private func isElementwise(_ node: Node) -> Bool {
    node.outputs.count == 1 && node.operation.isDeterministic
      && !node.operation.kinds.isDisjoint(with: [.elementwise, .binary])
  }

  /// What a value is for each number of the grid that the base lies on; nil where an operator has no answer for these.
  private func values(of result: ValueID, _ stretch: Stretch, _ grid: ByteGrid) -> [Float]? {
    var known = [stretch.base: Tensor((0...255).map { grid.value(of: $0) }, shape: [256])]
    for index in stretch.nodes {
      let node = nodes[index]
      let inputs = node.inputs.compactMap { known[$0] ?? constants[$0] }
      guard inputs.count == node.inputs.count, let made = try? node.operation.evaluate(inputs) else { return nil }
      known[node.outputs[0]] = made.first
    }
    guard let numbers = known[result]?.numbers(), numbers.count == 256 else { return nil }
    return numbers
  }
}
