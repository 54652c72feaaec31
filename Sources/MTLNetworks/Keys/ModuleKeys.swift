import MTLFormats
import MTLGraph

/// The modules of a checkpoint that hold weights, in the order of the file: what keys and shapes say without a network.
struct ModuleKeys {
  /// "encoder.layer1.0.conv1", its weight's shape, and whether it is a batch normalisation.
  struct Module: Equatable {
    let key: String
    let shape: Shape
    let isNorm: Bool

    var isLinear: Bool { shape.rank == 2 }
  }

  let modules: [Module]
  private let places: [String: Int]

  init(_ weights: WeightStore) {
    let suffix = ".weight"
    modules = weights.names.compactMap { name in
      guard name.hasSuffix(suffix), let entry = weights[name] else { return nil }
      let key = String(name.dropLast(suffix.count))
      return Module(
        key: key, shape: entry.shape, isNorm: entry.shape.rank == 1 && weights["\(key).running_mean"] != nil)
    }
    places = Dictionary(uniqueKeysWithValues: modules.enumerated().map { ($1.key, $0) })
  }

  subscript(key: String) -> Module? { places[key].map { modules[$0] } }

  func contains(_ key: String) -> Bool { places[key] != nil }

  /// How many of `parent.0`, `parent.1`, ... have the module `child`.
  func count(_ parent: String, _ child: String) -> Int {
    var count = 0
    while contains("\(parent).\(count).\(child)") { count += 1 }
    return count
  }
}

/// "a.b.c" as its parts.
func components(of key: String) -> [Substring] { key.split(separator: ".", omittingEmptySubsequences: false) }

/// The parts that all lists begin with.
func commonPrefix(_ lists: [[Substring]]) -> [Substring] {
  guard var common = lists.first else { return [] }
  for list in lists {
    common = Array(zip(common, list).prefix { $0 == $1 }.map(\.0))
  }
  return common
}
