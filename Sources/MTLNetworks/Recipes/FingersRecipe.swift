import MTLFormats
import MTLGraph

/// The published Fingers network: how many fingers, and which hand, from a grey 128 x 128 picture.
///
/// Five convolutions and two fully connected heads, softmax inside; input in [-1, 1]. Source: raph651/grad-school-projects,
/// MTL/fingers (MTL.ipynb for `mtlNet`, train_fingers_LibMTL.ipynb for `libMTL`).
public struct FingersRecipe: Recipe {
  /// The two published forms; they differ in key names and in the width of the head that counts.
  public enum Form: Sendable {
    /// `encoder.*`, `decoder1.*`, `decoder2.*`: 2,365,556 parameters.
    case mtlNet
    /// LibMTL's hard parameter sharing, `encoder.encoder.*`, `decoders.A.*`, `decoders.B.*`: 2,006,480 parameters.
    case libMTL
  }

  let form: Form

  public var name: String { form == .mtlNet ? "fingers" : "libmtl-fingers" }
  public var summary: String {
    form == .mtlNet
      ? "Fingers MTLNet: hand and number of fingers, 128x128 grey"
      : "Fingers trained with LibMTL (hard parameter sharing): hand and number of fingers, 128x128 grey"
  }
  public var family: RecipeFamily { .faces }
  public let source = "raph651/grad-school-projects, MTL/fingers"

  let input = InputDescription(
    width: 128, height: 128, color: .gray, mean: [0.5], standardDeviation: [0.5])

  var tasks: [TaskDescription] {
    [
      TaskDescription(
        name: "hand", kind: .classification, labels: ["right", "left"], form: .probabilities,
        prefix: form == .mtlNet ? "decoder1" : "decoders.A"),
      TaskDescription(
        name: "count", kind: .classification, labels: ["0", "1", "2", "3", "4", "5"], form: .probabilities,
        prefix: form == .mtlNet ? "decoder2" : "decoders.B"),
    ]
  }

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    checkpoint.contains(form == .mtlNet ? "decoder1.6.weight" : "decoders.A.decoder.6.weight")
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    NetworkBlueprint(input: input, tasks: tasks, blocks: network)
  }

  private func network(for tasks: [TaskDescription]) -> NetworkDescription {
    NetworkDescription(
      encoder: encoder,
      heads: tasks.compactMap { task in
        guard let own = self.tasks.first(where: { task.isServed(by: $0) }), let prefix = own.prefix else { return nil }
        return NetworkDescription.Head(
          name: task.name,
          blocks: head(
            form == .mtlNet ? prefix : "\(prefix).decoder", isWide: form == .mtlNet && own.name == "count",
            classes: task.labels.isEmpty ? nil : task.labels.count))
      })
  }

  private var encoder: [any Block] {
    let key = form == .mtlNet ? "encoder" : "encoder.encoder"
    return [
      ConvolutionBlock(
        "\(key).0", channels: 48, kernel: 11, stride: 3, hasBias: false, norm: "\(key).1", activation: .relu),
      ConvolutionBlock(
        "\(key).3", channels: 96, kernel: 5, padding: 2, hasBias: false, norm: "\(key).4", activation: .relu),
      MaxPoolBlock(kernel: 2),
      ConvolutionBlock("\(key).7", channels: 192, kernel: 3, padding: 1, hasBias: true, activation: .relu),
      ConvolutionBlock("\(key).9", channels: 192, kernel: 3, padding: 1, hasBias: true, activation: .relu),
      MaxPoolBlock(kernel: 2),
      ConvolutionBlock("\(key).12", channels: 72, kernel: 2, stride: 2, hasBias: true, activation: .relu),
      FlattenBlock(),
    ]
  }

  private func head(_ key: String, isWide: Bool, classes: Int?) -> [any Block] {
    [
      DropoutBlock(),
      LinearBlock("\(key).1", features: isWide ? 540 : 360, activation: .relu),
      DropoutBlock(),
      LinearBlock("\(key).4", features: isWide ? 96 : 48, activation: .relu),
      LinearBlock("\(key).6", features: classes),
      SoftmaxBlock(),
    ]
  }
}
