import Glibc

extension Graph {
  /// Makes one constant of those that are equal to the last bit: exporters fold a batch normalisation into each use of a
  /// layer, which leaves several copies of what the network shares between its tasks.
  package mutating func shareEqualConstants() {
    var kept: [Look: [ValueID]] = [:]
    var replaced: ValueMap<ValueID> = [:]
    for (value, tensor) in constants where tensor.stored.count >= Graph.smallestSharedByteCount {
      let look = Look(tensor)
      let alike = kept[look, default: []]
      if let equal = alike.first(where: { constants[$0]?.isSame(as: tensor) == true }) {
        replaced[value] = equal
      } else if alike.count < Graph.maximumCandidates {
        kept[look] = alike + [value]
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
  /// That look alike and are compared: a file may have thousands that differ in the middle alone.
  private static let maximumCandidates = 32

  /// What tells most tensors apart without reading them.
  private struct Look: Hashable {
    typealias Ends = SIMD4<UInt64>

    let byteCount: Int
    let first: Ends
    let last: Ends

    /// Of a tensor of at least 64 bytes.
    init(_ tensor: Tensor) {
      let width = MemoryLayout<Ends>.size
      byteCount = tensor.stored.count
      (first, last) = unsafe tensor.stored.withUnsafeBytes { bytes in
        unsafe (
          bytes.loadUnaligned(as: Ends.self), bytes.loadUnaligned(fromByteOffset: bytes.count - width, as: Ends.self)
        )
      }
    }
  }
}

extension Tensor {
  fileprivate func isSame(as other: Tensor) -> Bool {
    type == other.type && shape == other.shape && (blocks == nil) == (other.blocks == nil)
      && stored.isEqual(to: other.stored)
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
