import MTLFormats
import MTLGraph

/// What recipes read off a checkpoint before they build.
extension WeightStore {
  public func contains(_ key: String) -> Bool { self[key] != nil }

  public func shape(_ key: String) -> Shape? { self[key]?.shape }

  /// The size of one dimension of a tensor, or nil if there is no such tensor or dimension.
  public func dimension(_ axis: Int, of key: String) -> Int? {
    guard let shape = self[key]?.shape, axis < shape.rank else { return nil }
    return shape[axis]
  }

  /// The names directly under a prefix, in the order of the file, each once: "decoders" gives "depth", "normal".
  /// An empty prefix gives the names at the root.
  public func children(of prefix: String) -> [String] {
    let start = prefix.isEmpty ? "" : prefix + "."
    var seen: Set<String> = []
    var result: [String] = []
    for name in names where name.hasPrefix(start) {
      let child = String(name.dropFirst(start.count).prefix { $0 != "." })
      if seen.insert(child).inserted { result.append(child) }
    }
    return result
  }

  /// How many of the children 0, 1, 2, ... of a prefix there are.
  public func count(of prefix: String) -> Int {
    let children = Set(children(of: prefix))
    return (0...).first { !children.contains(String($0)) } ?? 0
  }
}

extension WeightStore {
  /// What stands before the first key of this ending: "encoder." of "encoder.patch_embed.proj.weight", or empty.
  func prefix(before ending: String) -> String? {
    guard let name = names.first(where: { $0 == ending || $0.hasSuffix("." + ending) }) else { return nil }
    return String(name.dropLast(ending.count))
  }
}
