import MTLFormats
import MTLGraph

/// A checkpoint made in memory, to be changed and then written as safetensors.
public struct Checkpoint {
  public private(set) var tensors: [(name: String, shape: Shape, values: [Float])] = []

  public init() {}

  /// Tensors of these shapes with small values that differ.
  public init(shapes: KeyValuePairs<String, Shape>) {
    for (index, (name, shape)) in shapes.enumerated() {
      let values = noise(seed: index + 1, count: shape.elementCount).map { (Float($0) - 127.5) / 256 }
      add(name, shape, name.hasSuffix("running_var") ? values.map { $0 + 1 } : values)
    }
  }

  /// What another checkpoint holds.
  public init(copying store: WeightStore) throws(MTLError) {
    for name in store.names {
      let tensor = try store.float32(name)
      add(name, tensor.shape, try tensor.floats())
    }
  }

  public mutating func add(_ name: String, _ shape: Shape, _ values: [Float]) {
    tensors.append((name, shape, values))
  }

  public mutating func add(_ name: String, _ shape: Shape) {
    add(name, shape, [Float](repeating: 0, count: shape.elementCount))
  }

  public mutating func remove(_ name: String) { tensors.removeAll { $0.name == name } }

  /// Gives every tensor the name that `change` makes of its own.
  public mutating func rename(_ change: (String) -> String) {
    for index in tensors.indices { tensors[index].name = change(tensors[index].name) }
  }

  /// Keeps the first elements along each axis.
  public mutating func crop(_ name: String, to shape: Shape) {
    for index in tensors.indices where tensors[index].name == name {
      let old = tensors[index]
      let width = old.shape.rank == 2 ? old.shape[1] : 1
      let keptWidth = shape.rank == 2 ? shape[1] : 1
      tensors[index].values = (0..<shape[0]).flatMap { old.values[$0 * width..<$0 * width + keptWidth] }
      tensors[index].shape = shape
    }
  }

  /// Sets all rows of a matrix or vector from `row` on to zero.
  public mutating func clear(_ name: String, from row: Int) {
    for index in tensors.indices where tensors[index].name == name {
      let start = row * tensors[index].values.count / tensors[index].shape[0]
      for element in start..<tensors[index].values.count { tensors[index].values[element] = 0 }
    }
  }

  /// The bytes of a safetensors file.
  public var file: [UInt8] {
    var header: [String] = []
    var data: [UInt8] = []
    for tensor in tensors {
      let start = data.count
      for value in tensor.values { unsafe withUnsafeBytes(of: value.bitPattern.littleEndian) { unsafe data += $0 } }
      header.append(
        "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape.dimensions),\"data_offsets\":[\(start),\(data.count)]}"
      )
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }

  public func store() throws(MTLError) -> WeightStore {
    try WeightStore.read(Bytes(copying: file), name: "checkpoint")
  }
}

extension Checkpoint {
  /// The weights of the published Fingers network under LibMTL's keys, the counting head cut to its width.
  public var libMTLFingers: Checkpoint {
    var changed = self
    changed.crop("decoder2.1.weight", to: [360, 1800])
    changed.crop("decoder2.1.bias", to: [360])
    changed.crop("decoder2.4.weight", to: [48, 360])
    changed.crop("decoder2.4.bias", to: [48])
    changed.crop("decoder2.6.weight", to: [6, 48])
    let prefixes = [
      "encoder.": "encoder.encoder.", "decoder1.": "decoders.A.decoder.", "decoder2.": "decoders.B.decoder.",
    ]
    changed.rename { name in
      guard let (old, new) = prefixes.first(where: { name.hasPrefix($0.key) }) else { return name }
      return new + name.dropFirst(old.count)
    }
    return changed
  }
}
