import MTLGraph

/// Heads of Linear layers on a trunk's features, found by their shapes and by the order of the file.
struct LinearHeads {
  struct Layer: Equatable {
    let key: String
    /// A batch normalisation directly behind it.
    var norm: String?
    let inputs: Int
    let outputs: Int
  }

  struct Head: Equatable {
    /// What tells it from the other heads: "age" of `heads.age.0` and `heads.age.2`.
    var name = ""
    /// The module that holds all its layers.
    var prefix = ""
    var layers: [Layer]

    var outputs: Int { layers.last?.outputs ?? 0 }
  }

  private(set) var heads: [Head] = []
  /// Linear layers that fit nowhere.
  private(set) var leftOver: [Misfit] = []

  /// A module with a weight that is not what it should be.
  struct Misfit: Equatable {
    let key: String
    let expected: String
    let found: Shape
  }

  /// The heads among the modules that are none of the trunk's. A layer continues the head before it where the sizes fit;
  /// where it could as well begin one, because it takes the trunk's features, it does so under another parent.
  init(_ keys: ModuleKeys, features: Int, isTrunk: (String) -> Bool) {
    var isBehindLayer = false
    for module in keys.modules where !isTrunk(module.key) {
      if module.isLinear {
        isBehindLayer = add(
          Layer(key: module.key, inputs: module.shape[1], outputs: module.shape[0]), features: features)
      } else if let head = heads.indices.last, isBehindLayer, module.isNorm,
        module.shape[0] == heads[head].outputs
      {
        heads[head].layers[heads[head].layers.count - 1].norm = module.key
        isBehindLayer = false
      } else {
        isBehindLayer = false
      }
    }
    nameHeads()
  }

  /// False for a layer that fits nowhere.
  private mutating func add(_ layer: Layer, features: Int) -> Bool {
    let isContinued = heads.last.map { LinearHeads.areSiblings(layer.key, $0.layers[0].key) } ?? false
    if let last = heads.indices.last, heads[last].outputs == layer.inputs, layer.inputs != features || isContinued {
      heads[last].layers.append(layer)
      return true
    }
    guard layer.inputs == features else {
      let before = isContinued ? heads.last?.layers.last : nil
      let expected = before.map { "\($0.outputs) inputs, the outputs of '\($0.key)'" }
      leftOver.append(
        Misfit(
          key: layer.key, expected: expected ?? "\(features) inputs, the features of the trunk",
          found: [layer.outputs, layer.inputs]))
      return false
    }
    heads.append(Head(layers: [layer]))
    return true
  }

  private static func areSiblings(_ key: String, _ other: String) -> Bool {
    components(of: key).dropLast() == components(of: other).dropLast()
  }

  /// Drops what all heads' paths begin and end with, as long as each keeps a name of its own.
  private mutating func nameHeads() {
    var paths = heads.map { head in
      let layers = head.layers.map { components(of: $0.key) }
      let common = commonPrefix(layers)
      // A head of one layer is its module, not the number of the layer in it.
      let isNumbered = layers.count == 1 && common.count > 1 && common.last.map { Int($0) != nil } == true
      return isNumbered ? Array(common.dropLast()) : common
    }
    for index in heads.indices { heads[index].prefix = paths[index].joined(separator: ".") }
    let front = commonPrefix(paths.map { $0.dropLast() }).count
    paths = paths.map { Array($0.dropFirst(front)) }
    let back = commonPrefix(paths.map { $0.dropFirst().reversed() }).count
    for index in heads.indices { heads[index].name = paths[index].dropLast(back).joined(separator: ".") }
  }
}
