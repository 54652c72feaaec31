import MTLFormats
import MTLGraph

/// Age, gender and ethnicity of UTKFace on a ResNet-50.
struct UTKFaceRecipe: Recipe {
  enum Form {
    /// Heads of two layers with 7, 2 and 5 classes (arXiv 2409.16651). The names of the keys are not public, so heads are
    /// told by their classes; the heads of several dummy tasks keep their own names.
    case split
    /// `net.fc1`, `net.fc2`, `net.fc3` inside the trunk: 8 ages, one logit for female, 5 races.
    /// Source: bashar-elnashef/multi_task_classification_utkfaces.
    case hydraNet
  }

  struct Attribute {
    let name: String
    let labels: [String]
    let kind: TaskDescription.Kind
  }

  let form: Form

  var name: String { form == .split ? "utkface-resnet50" : "utkface-hydranet" }
  let family = RecipeFamily.faces
  var summary: String {
    form == .split
      ? "UTKFace on ResNet-50: age (7), gender (2), ethnicity (5), heads of two layers, 224x224"
      : "UTKFace HydraNet: age (8), gender (1 logit), race (5) inside a ResNet-50, 32x32"
  }
  var source: String {
    form == .split ? "arXiv 2409.16651" : "bashar-elnashef/multi_task_classification_utkfaces"
  }
  var parameters: [RecipeParameter] {
    [RecipeParameter("activation", default: "relu", "between the layers of a head")]
  }

  var attributes: [Attribute] {
    let races = ["white", "black", "asian", "indian", "other"]
    switch form {
    case .split:
      return [
        Attribute(
          name: "age", labels: ["0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60+"], kind: .classification),
        Attribute(name: "gender", labels: ["male", "female"], kind: .classification),
        Attribute(name: "ethnicity", labels: races, kind: .classification),
      ]
    case .hydraNet:
      return [
        Attribute(
          name: "age", labels: ["1-3", "4-7", "8-12", "13-19", "20-35", "36-55", "56-75", "76-116"],
          kind: .classification),
        Attribute(name: "gender", labels: ["female"], kind: .multiLabel),
        Attribute(name: "race", labels: races, kind: .classification),
      ]
    }
  }

  func recognizes(_ checkpoint: WeightStore) -> Bool { network(checkpoint) != nil }

  /// The network, if every attribute has a head.
  private func network(_ checkpoint: WeightStore) -> FaceNetwork? {
    guard let network = FaceNetwork(checkpoint), network.trunk.depth == 50 else { return nil }
    switch form {
    case .split:
      let isComplete = attributes.allSatisfy { attribute in
        network.heads.contains { $0.outputs == attribute.labels.count && $0.layers.count == 2 }
      }
      return isComplete ? network : nil
    case .hydraNet:
      return network.heads.map(\.prefix) == (1...3).map { "\(network.trunk.prefix)fc\($0)" }
        && network.heads.map(\.outputs) == attributes.map(\.labels.count) ? network : nil
    }
  }

  func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let activation: ActivationKind = try parameters.choice("activation") ?? .relu
    guard let network = network(checkpoint) else {
      throw mismatch(
        "a ResNet-50 with heads of " + attributes.map { "\($0.labels.count)" }.joined(separator: ", ")
          + " outputs and two Linear layers each", checkpoint)
    }
    let tasks = network.heads.map { head in task(of: head, network.heads) }
    return network.blueprint(.imageNet(side: form == .split ? 224 : 32), tasks, activation: activation)
  }

  private func task(of head: LinearHeads.Head, _ heads: [LinearHeads.Head]) -> TaskDescription {
    let isAlone = heads.count { $0.outputs == head.outputs } == 1
    guard let attribute = attributes.first(where: { $0.labels.count == head.outputs }) else {
      return TaskDescription(name: head.name, kind: .raw, prefix: head.prefix)
    }
    return TaskDescription(
      name: isAlone ? attribute.name : head.name, kind: attribute.kind, labels: attribute.labels, prefix: head.prefix)
  }
}
