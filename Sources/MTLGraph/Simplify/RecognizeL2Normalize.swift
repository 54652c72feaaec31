extension Graph {
  /// Finds divisions by the own length along one axis, x / |x| or x / max(|x|, epsilon), which are an `L2Normalize`.
  mutating func recognizeL2Normalize() {
    guard nodes.contains(where: { $0.operation is Div }) else { return }
    let producers = producers()
    var kept = nodes
    for index in nodes.indices where nodes[index].operation is Div {
      let (x, divisor) = (nodes[index].inputs[0], nodes[index].inputs[1])
      guard let length = lengthAxis(divisor, of: x, producers), !length.isSum else { continue }
      kept[index].operation = L2Normalize(axis: length.axis, epsilon: length.epsilon)
      kept[index].inputs = [x]
    }
    replaceNodes(kept, outputs: outputs)
    removeDeadNodes()
  }

  /// The axis along which a value is the length of another one, what it is at least, and whether the length is the sum of
  /// magnitudes instead of Euclid's.
  func lengthAxis(
    _ divisor: ValueID, of x: ValueID, _ producers: ValueMap<Int>
  ) -> (axis: Int, epsilon: Float, isSum: Bool)? {
    var (value, epsilon): (ValueID, Float) = (divisor, 0)
    while let node = producers[value].map({ nodes[$0] }) {
      switch node.operation {
      case is GeneralExpand: value = node.inputs[0]
      case let clip as Clip:
        let given = node.inputs.dropFirst().map { $0 == .absent ? nil : constants[$0] }
        guard zip(node.inputs.dropFirst(), given).allSatisfy({ $0 == .absent || $1 != nil }) else { return nil }
        let (low, high) = clip.bounds(given.first ?? nil, given.dropFirst().first ?? nil)
        guard high == .infinity, low >= 0 else { return nil }
        epsilon = max(epsilon, low)
        value = node.inputs[0]
      case let norm as any ReductionOperator where norm is ReduceL1 || norm is ReduceL2:
        guard norm.settings.keepsAxes, node.inputs[0] == x else { return nil }
        let facts = node.inputs.map { constants[$0].map { Fact($0) } ?? Fact(.float32, nil) }
        guard case .known(let axes) = norm.settings.axes.look(facts), axes.count == 1 else { return nil }
        return (axes[0], epsilon, norm is ReduceL1)
      default: return nil
      }
    }
    return nil
  }
}
