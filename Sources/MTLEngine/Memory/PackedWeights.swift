import MTLGraph
import Synchronization

/// Weights in the layout that kernels want, made once for a model and shared by all its plans and sessions.
///
/// A list that only grows, at its head, by one exchange: no lock that a fork could leave taken in the child.
@safe final class PackedWeights: @unchecked Sendable {
  struct Key: Hashable {
    let value: ValueID
    let packing: String
  }

  private final class Entry {
    let key: Key
    let bytes: Bytes
    let next: Entry?

    init(_ key: Key, _ bytes: Bytes, next: Entry?) {
      self.key = key
      self.bytes = bytes
      self.next = next
    }
  }

  /// The newest entry, with one reference of its own; 0 is none.
  private let head = Atomic<UInt>(0)

  /// The packed form of a constant; `pack` makes it on first use. Of two threads that make it at once, one wins.
  func bytes(for key: Key, pack: () throws(MTLError) -> Bytes) throws(MTLError) -> Bytes {
    if let found = find(key) { return found }
    let packed = try pack()
    while true {
      let newest = head.load(ordering: .acquiring)
      if let first = find(key) { return first }
      // The new entry takes over the reference to the one before it only if it gets in.
      let entry = Entry(key, packed, next: PackedWeights.entry(newest))
      let address = unsafe UInt(bitPattern: Unmanaged.passRetained(entry).toOpaque())
      if head.compareExchange(expected: newest, desired: address, ordering: .acquiringAndReleasing).exchanged {
        PackedWeights.release(newest)
        return packed
      }
      PackedWeights.release(address)
    }
  }

  var byteCount: Int {
    var total = 0
    var entry = PackedWeights.entry(head.load(ordering: .acquiring))
    while let current = entry {
      total += current.bytes.count
      entry = current.next
    }
    return total
  }

  private func find(_ key: Key) -> Bytes? {
    var entry = PackedWeights.entry(head.load(ordering: .acquiring))
    while let current = entry {
      if current.key == key { return current.bytes }
      entry = current.next
    }
    return nil
  }

  private static func entry(_ address: UInt) -> Entry? {
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return nil }
    return unsafe Unmanaged<Entry>.fromOpaque(pointer).takeUnretainedValue()
  }

  private static func release(_ address: UInt) {
    if let pointer = unsafe UnsafeRawPointer(bitPattern: address) {
      unsafe Unmanaged<Entry>.fromOpaque(pointer).release()
    }
  }

  deinit { PackedWeights.release(head.load(ordering: .acquiring)) }
}
