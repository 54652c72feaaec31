extension Graph {
  /// Finds divisions by the own length along one axis, x / |x| or x / max(|x|, epsilon), which are an `L2Normalize`.
  mutating func recognizeL2Normalize() {
    let producers = producers()
    var kept = nodes
    for index in nodes.indices where nodes[index].operation is Div {
      let (x, divisor) = (nodes[index].inputs[0], nodes[index].inputs[1])
      guard let (axis, epsilon) = lengthAxis(divisor, of: x, producers) else { continue }
      kept[index].operation = L2Normalize(axis: axis, epsilon: epsilon)
      kept[index].inputs = [x]
    }
    replaceNodes(kept, outputs: outputs)
    removeDeadNodes()
  }

  /// The axis along which a value is the length of another one, and what it is at least.
  private func lengthAxis(_ value: ValueID, of x: ValueID, _ producers: [ValueID: Int]) -> (axis: Int, epsilon: Float)?
  {
    guard let node = producers[value].map({ nodes[$0] }) else { return nil }
    if node.operation is GeneralExpand { return lengthAxis(node.inputs[0], of: x, producers) }
    if let clip = node.operation as? Clip {
      let given = node.inputs.dropFirst().map { $0 == .absent ? nil : constants[$0] }
      guard zip(node.inputs.dropFirst(), given).allSatisfy({ $0 == .absent || $1 != nil }) else { return nil }
      let (low, high) = clip.bounds(given.first ?? nil, given.dropFirst().first ?? nil)
      guard high == .infinity, low >= 0, let (axis, _) = lengthAxis(node.inputs[0], of: x, producers) else {
        return nil
      }
      return (axis, low)
    }
    guard let norm = node.operation as? ReduceL2, norm.settings.keepsAxes, node.inputs[0] == x else { return nil }
    let facts = node.inputs.map { constants[$0].map { Fact($0) } ?? Fact(.float32, nil) }
    guard case .known(let axes) = norm.settings.axes.look(facts), axes.count == 1 else { return nil }
    return (axes[0], 0)
  }
}
