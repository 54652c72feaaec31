import MTLGraph

/// A number that tells whether two things are the same, as long as nobody means it to be wrong: FNV-1a of 64 bits
/// (Fowler, Noll, Vo), eight bytes at a time.
public struct Fingerprint {
  public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  public init() {}

  public mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01b3 }

  /// Bytes and how many they are.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(UInt64(bytes.count))
    let whole = bytes.count / 8 * 8
    for place in stride(from: 0, to: whole, by: 8) {
      add(unsafe bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }
    for place in whole..<bytes.count { add(UInt64(unsafe bytes[place])) }
  }

  public mutating func add(_ text: String) {
    var text = text
    text.withUTF8 { bytes in unsafe add(UnsafeRawBufferPointer(bytes)) }
  }
}

extension Model {
  /// Of the weights: another one for other weights, the same wherever the same file is.
  public var fingerprint: UInt64 {
    var hash = Fingerprint()
    for (id, tensor) in network.graph.constants {
      hash.add(UInt64(id.index))
      hash.add("\(tensor.shape) \(tensor.type)")
      if tensor.type == .string {
        for text in tensor.texts { hash.add(text) }
      } else {
        unsafe tensor.bytes.withUnsafeBytes { bytes in unsafe hash.add(bytes) }
      }
    }
    return hash.value
  }
}
