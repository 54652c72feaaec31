import MTLGraph
import Synchronization

/// Weights in the layout that kernels want, made once for a model and shared by all its plans and sessions.
final class PackedWeights: Sendable {
  struct Key: Hashable {
    let value: ValueID
    let packing: String
  }

  private let entries = Mutex<[Key: Bytes]>([:])

  /// The packed form of a constant; `pack` makes it on first use.
  func bytes(for key: Key, pack: () throws(MTLError) -> Bytes) throws(MTLError) -> Bytes {
    if let found = entries.withLock({ $0[key] }) { return found }
    let packed = try pack()
    return entries.withLock { entries in
      if let first = entries[key] { return first }
      entries[key] = packed
      return packed
    }
  }

  var byteCount: Int { entries.withLock { $0.values.reduce(0) { $0 + $1.count } } }
}
