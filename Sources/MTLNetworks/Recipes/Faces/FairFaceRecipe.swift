import MTLFormats
import MTLGraph

/// FairFace: a ResNet-34 whose one Linear layer holds race, gender and age, one behind the other.
struct FairFaceRecipe: Recipe {
  let name = "fairface-resnet34"
  let family = RecipeFamily.faces
  let summary = "FairFace: race (7 or 4), gender (2), age (9) in one Linear of a ResNet-34, 224x224"
  let source = "dchen236/FairFace, predict.py"
  let parameters = [
    RecipeParameter("races", default: "7", "7 or 4: the checkpoint of 4 races has 18 outputs as well")
  ]

  static let outputs = 18

  func recognizes(_ checkpoint: WeightStore) -> Bool { network(checkpoint) != nil }

  private func network(_ checkpoint: WeightStore) -> FaceNetwork? {
    guard let network = FaceNetwork(checkpoint), network.trunk.depth == 34, network.heads.count == 1,
      network.heads[0].layers.count == 1, network.heads[0].outputs == FairFaceRecipe.outputs
    else { return nil }
    return network
  }

  func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    let races = try parameters.integer("races", in: 4...7) ?? 7
    guard races == 7 || races == 4 else {
      throw MTLError(.badFormat, "races", expected: "7 or 4", found: "\(races)")
    }
    guard let network = network(checkpoint) else {
      throw mismatch("a ResNet-34 with one Linear layer of \(FairFaceRecipe.outputs) outputs", checkpoint)
    }
    let slices = FairFaceRecipe.slices(races)
    let tasks = slices.map { TaskDescription(name: $0.name, kind: .classification, labels: $0.labels) }
    return NetworkBlueprint(
      input: .imageNet(side: 224), tasks: tasks, notes: network.notes
    ) { builder, image, wanted throws(MTLError) in
      let packed = try network.heads[0].build(
        &builder, after: network.features(&builder, after: image), activation: .relu)
      var outputs: [ValueID] = []
      for task in wanted {
        guard let slice = slices.first(where: { $0.name == task.name }) else {
          throw MTLError(.internalFault, task.name, "the task has no head")
        }
        builder.enter(task.name)
        outputs.append(try builder.slice(packed, slice.start..<slice.start + slice.labels.count))
      }
      return outputs
    }
  }

  private struct Slice {
    let name: String
    let start: Int
    let labels: [String]
  }

  /// Gender and age stay where they are in the form of four races.
  private static func slices(_ races: Int) -> [Slice] {
    let seven = ["White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern"]
    return [
      Slice(name: "race", start: 0, labels: races == 7 ? seven : ["White", "Black", "Asian", "Indian"]),
      Slice(name: "gender", start: 7, labels: ["Male", "Female"]),
      Slice(
        name: "age", start: 9,
        labels: ["0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+"]),
    ]
  }
}
