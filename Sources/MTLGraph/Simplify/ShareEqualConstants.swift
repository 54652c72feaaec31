import Glibc

extension Graph {
  /// Makes one constant of those that are equal to the last bit: exporters fold a batch normalisation into each use of a
  /// layer, which leaves several copies of what the network shares between its tasks.
  package mutating func shareEqualConstants() {
    var kept: [Look: [ValueID]] = [:]
    var replaced: ValueMap<ValueID> = [:]
    for (value, tensor) in constants where tensor.stored.count >= Graph.smallestSharedByteCount {
      let look = Look(tensor)
      if let equal = kept[look, default: []].first(where: { constants[$0]?.stored.isEqual(to: tensor.stored) == true })
      {
        replaced[value] = equal
      } else {
        kept[look, default: []].append(value)
      }
    }
    guard !replaced.isEmpty else { return }
    let nodes = nodes.map { node in
      var node = node
      node.inputs = node.inputs.map { replaced[$0] ?? $0 }
      return node
    }
    replaceNodes(nodes, outputs: outputs.map { Port(name: $0.name, value: replaced[$0.value] ?? $0.value) })
  }

  private static let smallestSharedByteCount = 64

  /// What tells most tensors apart without reading them.
  private struct Look: Hashable {
    let type: DataType
    let shape: Shape
    let liesInBlocks: Bool
    let ends: [UInt8]

    init(_ tensor: Tensor) {
      type = tensor.type
      shape = tensor.shape
      liesInBlocks = tensor.blocks != nil
      let bytes = tensor.stored
      ends = (0..<32).map { bytes[$0] ?? 0 } + (1...32).map { bytes[bytes.count - $0] ?? 0 }
    }
  }
}

extension Bytes {
  fileprivate func isEqual(to other: Bytes) -> Bool {
    guard count == other.count else { return false }
    return unsafe withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return true }
        return unsafe left == right || memcmp(left, right, count) == 0
      }
    }
  }
}
