import MTLFormats
import MTLGraph

/// Takes weights out of a checkpoint by key and expected shape, and remembers all that does not fit, so that one error
/// can name it together.
struct WeightBinder {
  /// A dimension of an expected shape; nil where any size will do.
  typealias Pattern = [Int?]

  private let store: WeightStore
  private var used: Set<String> = []
  private var missing: [String] = []
  private var misshapen: [String] = []

  init(_ store: WeightStore) {
    self.store = store
  }

  var hasMismatch: Bool { !missing.isEmpty || !misshapen.isEmpty }

  func contains(_ key: String) -> Bool { store[key] != nil }

  /// The size of one dimension of a tensor, or nil if there is no such tensor or dimension.
  func dimension(_ axis: Int, of key: String) -> Int? {
    guard let shape = store[key]?.shape, axis < shape.rank else { return nil }
    return shape[axis]
  }

  /// The tensor as float32, or nil when it is missing or misshapen, which is then on record.
  mutating func take(_ key: String, _ pattern: Pattern) throws(MTLError) -> Tensor? {
    used.insert(key)
    guard let entry = store[key] else {
      missing.append("\(key) (\(text(pattern)))")
      return nil
    }
    let fits =
      entry.shape.rank == pattern.count
      && zip(entry.shape.dimensions, pattern).allSatisfy { $1 == nil || $0 == $1 }
    guard fits else {
      misshapen.append("\(key) (expected \(text(pattern)), found \(entry.shape))")
      return nil
    }
    return try entry.float32(key)
  }

  /// Fails if anything was missing or misshapen, or if the checkpoint has more of a module that the network uses, or of
  /// the module around that one: then it is another network. Returns the keys that belong to nothing here.
  ///
  /// - Parameter spared: modules that the network has, but that this use of it leaves out; their keys are as expected.
  func finish(network: String, sparing spared: [String]) throws(MTLError) -> [String] {
    let own = Set(used.compactMap { parent(of: $0) })
    let modules = own.union(own.compactMap { parent(of: $0) })
    let unused = store.names.filter { !used.contains($0) && !WeightBinder.isBookkeeping($0) }
    let leftOut = Set(spared).subtracting(own)
    let unexpected = unused.filter { key in
      // The nearest module decides: one that is left out may have one in use inside, and the other way around.
      let nearest = ancestors(of: key).first { modules.contains($0) || leftOut.contains($0) }
      return nearest.map { !leftOut.contains($0) } ?? false
    }
    guard missing.isEmpty, misshapen.isEmpty, unexpected.isEmpty else {
      let parts = [
        WeightBinder.list("missing", missing), WeightBinder.list("wrong shape", misshapen),
        WeightBinder.list("unexpected", unexpected.map { "\($0) (\(store[$0]?.shape.description ?? ""))" }),
      ]
      throw MTLError(
        .checkpointMismatch, "network '\(network)'",
        "the checkpoint does not fit: \(parts.filter { !$0.isEmpty }.joined(separator: "; "))")
    }
    return unused
  }

  /// Counters of training that inference has no use for.
  private static func isBookkeeping(_ key: String) -> Bool {
    key == "num_batches_tracked" || key.hasSuffix(".num_batches_tracked")
  }

  private static func list(_ title: String, _ entries: [String]) -> String {
    guard !entries.isEmpty else { return "" }
    let shown = entries.prefix(12).joined(separator: ", ")
    return "\(entries.count) \(title): \(shown)" + (entries.count > 12 ? " and \(entries.count - 12) more" : "")
  }

  private func text(_ pattern: Pattern) -> String { pattern.map { $0.map(String.init) ?? "?" }.joined(separator: "x") }

  /// "encoder.0.weight" to "encoder.0"; nil at the root.
  private func parent(of key: String?) -> String? {
    guard let key, let dot = key.lastIndex(of: ".") else { return nil }
    return String(key[..<dot])
  }

  private func ancestors(of key: String) -> [String] {
    var result: [String] = []
    var ancestor = parent(of: key)
    while let name = ancestor {
      result.append(name)
      ancestor = parent(of: name)
    }
    return result
  }
}
