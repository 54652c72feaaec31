import MTLFormats
import MTLGraph

/// Takes weights out of a checkpoint by key and expected shape, and remembers all that does not fit, so that one error
/// can name it together.
struct WeightBinder {
  /// A dimension of an expected shape; nil where any size will do.
  typealias Pattern = [Int?]

  let store: WeightStore
  private var used: Set<String> = []
  /// Modules whose keys inference has no use for, and why.
  private var unneeded: [(prefix: String, reason: String)] = []
  private var missing: [String] = []
  private var misshapen: [String] = []

  init(_ store: WeightStore) {
    self.store = store
  }

  var hasMismatch: Bool { !missing.isEmpty || !misshapen.isEmpty }

  /// Keys under this module (or this very key) are as expected, but not needed.
  mutating func skip(_ prefix: String, because reason: String) { unneeded.append((prefix, reason)) }

  /// What was skipped, one sentence for each reason: "'logsigma' is not needed: loss weights".
  var notes: [String] {
    var reasons: [String] = []
    var prefixes: [String: [String]] = [:]
    for item in unneeded where store.names.contains(where: { WeightBinder.isUnder(item.prefix, $0) }) {
      if prefixes[item.reason] == nil { reasons.append(item.reason) }
      prefixes[item.reason, default: []].append(item.prefix)
    }
    return reasons.map { reason in
      let skipped = prefixes[reason] ?? []
      let others = skipped.count > 1 ? " and \(skipped.count - 1) more are" : " is"
      return "'\(skipped[0])'\(others) not needed: \(reason)"
    }
  }

  private static func isUnder(_ prefix: String, _ key: String) -> Bool {
    key == prefix || key.hasPrefix(prefix) && key.dropFirst(prefix.count).first == "."
  }

  /// The tensor, or nil when it is missing or misshapen, which is then on record.
  mutating func take(_ key: String, _ pattern: Pattern) -> WeightEntry? {
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
    return entry
  }

  /// Fails if anything was missing or misshapen, or if the checkpoint has more of a module that the network uses, or of
  /// the module around that one: then it is another network.
  ///
  /// - Parameter spared: modules that the network has, but that this use of it leaves out; their keys are as expected.
  func finish(network: String, sparing spared: [String]) throws(MTLError) {
    let own = Set(used.compactMap { parent(of: $0) })
    let modules = own.union(own.compactMap { parent(of: $0) })
    let unused = store.names.filter { !used.contains($0) && !WeightBinder.isBookkeeping($0) }
    let leftOut = Set(spared).subtracting(own)
    let unexpected = unused.filter { key in
      guard !unneeded.contains(where: { WeightBinder.isUnder($0.prefix, key) }) else { return false }
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
  }

  /// The keys of the checkpoint that are not in `used`, without counters of training.
  func keys(besides used: Set<String>) -> [String] {
    store.names.filter { !used.contains($0) && !WeightBinder.isBookkeeping($0) }
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
