import MTLFormats
import MTLGraph

/// One map of CenterNet: 3 x 3 convolution, ReLU, 1 x 1 under `NAME.0` and `NAME.2`, or a single 1 x 1 under `NAME`.
struct CenterNetHead {
  let name: String

  init(_ name: String) { self.name = name }

  /// Channels of the map; nil where the checkpoint has no such head.
  static func channels(_ name: String, _ checkpoint: WeightStore) -> Int? {
    checkpoint.dimension(0, of: "\(name).2.weight") ?? checkpoint.dimension(0, of: "\(name).weight")
  }

  func build(_ builder: inout NetworkBuilder, after features: ValueID) throws(MTLError) -> ValueID {
    if builder.checkpoint.contains("\(name).weight") { return try builder.convolution(features, name, kernel: 1) }
    let hidden = try builder.activate(builder.convolution(features, "\(name).0", kernel: 3), .relu)
    return try builder.convolution(hidden, "\(name).2", kernel: 1)
  }
}
