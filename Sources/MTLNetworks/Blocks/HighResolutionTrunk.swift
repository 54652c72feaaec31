import MTLFormats
import MTLGraph

/// HRNet (Wang et al. 2020; HRNet-18 small v2 as Vandenhende's code base has it): branches of 1/4, 1/8, 1/16 and 1/32 of the
/// image's size run side by side and exchange their features behind every module. Widths, blocks and modules are read
/// off the checkpoint.
extension NetworkBuilder {
  /// The maps of all branches, the largest first.
  mutating func highResolutionMaps(_ image: ValueID, prefix: String) throws(MTLError) -> [ValueID] {
    var value = image
    for number in 1...2 {
      value = try convolutionNormalized(
        value, "\(prefix)conv\(number)", norm: "\(prefix)bn\(number)", kernel: 3, stride: 2, bias: false)
    }
    value = try residualBlocks(value, under: "\(prefix)layer1")
    var maps = [value]
    var number = 1
    while number == 1 || checkpoint.contains("\(prefix)transition\(number).\(number).0.0.weight") {
      maps = try highResolutionTransition(maps, "\(prefix)transition\(number)")
      let stage = "\(prefix)stage\(number + 1)"
      for module in 0..<max(checkpoint.count(of: stage), 1) {
        maps = try exchange(maps, "\(stage).\(module)")
      }
      number += 1
    }
    return maps
  }

  /// All blocks of a stage, one behind the other, at one size.
  mutating func residualBlocks(_ input: ValueID, under key: String) throws(MTLError) -> ValueID {
    var value = input
    for block in ResidualTrunk.blocks(checkpoint, key) { value = try residualBlock(value, block) }
    return value
  }

  /// One branch more, by convolutions of stride 2 from the smallest; the others change their width where the checkpoint
  /// has a convolution for that.
  private mutating func highResolutionTransition(_ maps: [ValueID], _ key: String) throws(MTLError) -> [ValueID] {
    var result = maps
    for (index, map) in maps.enumerated() where checkpoint.contains("\(key).\(index).0.weight") {
      result[index] = try convolutionNormalized(
        map, "\(key).\(index).0", norm: "\(key).\(index).1", kernel: 3, bias: false)
    }
    let next = "\(key).\(maps.count).0"
    let added = try convolutionNormalized(
      maps[maps.count - 1], "\(next).0", norm: "\(next).1", kernel: 3, stride: 2, bias: false)
    return result + [added]
  }

  /// A module: blocks on each branch, then each branch is the sum of all, brought to its size.
  private mutating func exchange(_ maps: [ValueID], _ key: String) throws(MTLError) -> [ValueID] {
    let features = try maps.indices.map { index throws(MTLError) in
      try residualBlocks(maps[index], under: "\(key).branches.\(index)")
    }
    return try features.indices.map { target throws(MTLError) in
      var total: ValueID?
      for (source, feature) in features.enumerated() {
        let path = "\(key).fuse_layers.\(target).\(source)"
        let value = try fused(feature, path, like: features[target], steps: target - source)
        total = try total.map { sum throws(MTLError) in try self.sum(sum, value) } ?? value
      }
      return try activate(total ?? features[target], .relu)
    }
  }

  /// A branch at the size of one that lies `steps` levels below it; above it, where `steps` is negative.
  private mutating func fused(
    _ input: ValueID, _ key: String, like target: ValueID, steps: Int
  ) throws(MTLError) -> ValueID {
    let width = channels(of: target)
    if steps == 0 { return input }
    if steps < 0 {
      let value = try convolutionNormalized(
        input, "\(key).0", norm: "\(key).1", channels: width, kernel: 1, bias: false, activation: nil)
      return try resize(value, like: target, .bilinear)
    }
    var value = input
    for step in 0..<steps {
      let isLast = step == steps - 1
      value = try convolutionNormalized(
        value, "\(key).\(step).0", norm: "\(key).\(step).1", channels: isLast ? width : nil, kernel: 3, stride: 2,
        bias: false, activation: isLast ? nil : .relu)
    }
    return value
  }

  /// All maps at the size of the first, side by side, and a 1 x 1 convolution: `last_layer.0` and `.1`.
  mutating func highResolutionFusion(_ maps: [ValueID], _ key: String) throws(MTLError) -> ValueID {
    let aligned = try maps.enumerated().map { index, map throws(MTLError) in
      index == 0 ? map : try resize(map, like: maps[0], .bilinear)
    }
    return try convolutionNormalized(
      concat(aligned), "\(key).last_layer.0", norm: "\(key).last_layer.1", kernel: 1, bias: true)
  }

  /// The same, and a convolution to the classes: `last_layer.3`.
  mutating func highResolutionHead(_ maps: [ValueID], _ key: String) throws(MTLError) -> ValueID {
    try convolution(highResolutionFusion(maps, key), "\(key).last_layer.3", kernel: 1, bias: true)
  }
}
