import MTLGraph

/// The named tensors of a checkpoint, in the order of the file, and what the reader found around them.
public struct WeightStore: Sendable {
  /// Longest tensor name in bytes, and most tensors of one file.
  static let maximumNameByteCount = 1024
  static let maximumTensorCount = 200_000
  /// Elements that a network may take beyond the checkpoint's bytes: what is spread out (tables of positions), and views
  /// that overlap.
  public static let maximumRepeatedElements = 1 << 26

  /// The tensors' names in the order of the file.
  public private(set) var names: [String] = []
  /// What was found and skipped or changed, one sentence each: "'optimizer' was skipped".
  public private(set) var notes: [String] = []
  /// The container: "PyTorch zip checkpoint", "PyTorch legacy checkpoint" or "safetensors".
  public let formatDescription: String
  /// safetensors: the `__metadata__` strings. PyTorch: the numbers and texts beside the state dict, such as "epoch".
  public internal(set) var metadata: [String: String] = [:]

  /// How the library's own file is quantized; nil for files of floats.
  public internal(set) var quantization: QuantizationTable?

  /// Of the whole file.
  public internal(set) var byteCount = 0

  private var entries: [String: WeightEntry] = [:]

  init(formatDescription: String) {
    self.formatDescription = formatDescription
  }

  /// The tensor of that name.
  public subscript(name: String) -> WeightEntry? { entries[name] }

  /// The tensor of that name as dense float32; fails with `notFound` when there is none.
  public func float32(_ name: String) throws(MTLError) -> Tensor {
    guard let entry = entries[name] else {
      throw MTLError(.notFound, name, "the checkpoint has no tensor of this name")
    }
    return try entry.float32(name)
  }

  mutating func add(_ name: String, _ entry: WeightEntry) throws(MTLError) {
    guard name.utf8.count <= WeightStore.maximumNameByteCount else {
      throw MTLError(
        .limit, "tensor '\(clipped(name))'", expected: "a name of at most \(WeightStore.maximumNameByteCount) bytes",
        found: "\(name.utf8.count)")
    }
    guard names.count < WeightStore.maximumTensorCount else {
      throw MTLError(.limit, name, "the checkpoint has more than \(WeightStore.maximumTensorCount) tensors")
    }
    guard entries.updateValue(entry, forKey: name) == nil else {
      throw MTLError(.badFormat, name, "two tensors of the checkpoint have this name")
    }
    names.append(name)
  }

  /// Makes tensors of whole numbers such of floats, by what one is worth in each row; tensors that held these steps are no
  /// tensors of their own any more.
  mutating func scale(_ weights: [String: [Float]], removing others: Set<String>) {
    for (name, steps) in weights { entries[name]?.steps = steps }
    for name in others { entries[name] = nil }
    names.removeAll { others.contains($0) }
  }

  /// Gives whole weights that lie in the order of kernels their own shape.
  mutating func replace(_ name: String, by entry: WeightEntry) { entries[name] = entry }

  /// Makes tensors of bfloat16 such of floats.
  mutating func widen(_ weights: [String]) {
    for name in weights { entries[name]?.isWidened = true }
  }

  /// Adds a note; after a few dozen, only their number would grow.
  mutating func note(_ text: String) {
    if notes.count < 48 { notes.append(text) }
  }
}

extension WeightStore {
  /// Reads a checkpoint; the bytes decide what it is. Tensors stay in `bytes`, which is usually a mapped file.
  ///
  /// Understood are PyTorch's zip container (1.6 and later), its legacy container, and safetensors. Every other kind of
  /// file is refused by name where it can be recognised.
  ///
  /// - Parameters:
  ///   - name: for errors, usually the file's name.
  ///   - section: which part of a PyTorch checkpoint to read when it has several sets of weights, for example "ema" or
  ///     "state_dict"; nested parts are joined with dots. nil: find it, where the weights themselves come before their
  ///     average ("ema"), and fail with a list when there are several.
  public static func read(
    _ bytes: Bytes, name: String, section: String? = nil
  ) throws(MTLError) -> WeightStore {
    var store =
      switch try WeightFileKind.of(bytes, name: name) {
      case .zip: try TorchZip.read(bytes, name: name, section: section)
      case .torchLegacy: try TorchLegacy.read(bytes, name: name, section: section)
      case .safetensors: try readSafetensors(bytes, name: name, section: section)
      }
    store.byteCount = bytes.count
    return store
  }

  private static func readSafetensors(
    _ bytes: Bytes, name: String, section: String?
  ) throws(MTLError) -> WeightStore {
    if let section {
      throw MTLError(.unsupported, name, "has no section '\(section)': a safetensors file is one set of weights")
    }
    return try SafetensorsFile.read(bytes, name: name)
  }
}
