import MTLFormats
import MTLGraph

/// Networks of historical documents: the same tasks on a convolutional and on an attentional trunk.
let documentRecipes: [any Recipe] = [DocumentsRecipe(), LucidrainsPerceiverRecipe(isForDocuments: true)]

/// torchvision's ResNet with a linear head for each of the documents' tasks, `heads.TASK`. The trunk and its depth are read
/// off the checkpoint.
public struct DocumentsRecipe: Recipe {
  public let name = "documents-resnet"
  public let family = RecipeFamily.documents
  public let summary = "Historical documents on a ResNet (torchvision): font, script, location, date"
  public let source = "\"Is Multitask Learning Always Better?\", DAS 2022; labels: anguelos/histdiads"

  public func recognizes(_ checkpoint: WeightStore) -> Bool {
    DocumentTasks.areIn(checkpoint) && ResNetKeys.find(ModuleKeys(checkpoint)) != nil
  }

  public func blueprint(
    _ checkpoint: WeightStore, _ parameters: inout FieldReader
  ) throws(MTLError) -> NetworkBlueprint {
    guard let trunk = ResNetKeys.find(ModuleKeys(checkpoint)), DocumentTasks.areIn(checkpoint),
      let heads = TrunkHeads(checkpoint, classifier: "\(trunk.prefix)fc")
    else { throw unfitting(checkpoint, "torchvision's ResNet and 'heads.font', 'heads.script' and so on") }
    return NetworkBlueprint(
      input: .imageNet(side: 224), tasks: heads.heads.map(\.task), notes: ["blocks of the four stages: \(trunk.blocks)"]
    ) { builder, image, tasks throws(MTLError) in
      try heads.build(&builder, after: builder.residual(image, trunk.trunk()), tasks)
    }
  }
}

/// What is known of tasks on pages of historical documents.
enum DocumentTasks {
  /// CLaMM's twelve scripts (anguelos/histdiads:histdiads/clamm.py).
  static let scripts = [
    "caroline", "cursiva", "half_uncial", "humanistic", "humanistic_cursive", "hybrida", "praegothica", "semihybrida",
    "semitextualis", "southern_textualis", "textualis", "uncial",
  ]
  /// Places of origin, as spelled in anguelos/histdiads:histdiads/manuscript_location.py.
  static let locations = [
    "Cluny", "Corbie", "Citeaux", "Florence", "Fonteney", "Himanis", "Milan", "MontSaintMichel", "Paris", "SaintBertin",
    "SaintGermainDesPres", "SainMatrialDeLinoges", "Signy",
  ]

  /// Whether a checkpoint has a head for one of these tasks.
  static func areIn(_ checkpoint: WeightStore) -> Bool {
    ["font", "script", "location", "date"].contains { checkpoint.contains("heads.\($0).weight") }
  }

  /// nil for a task of another name. Labels are those of the public data where the head has as many classes.
  static func describe(_ name: String, classes: Int, prefix: String) -> TaskDescription? {
    let labels: [String]
    switch name {
    case "script": labels = scripts
    case "location": labels = locations
    case "font", "date": labels = []
    default: return nil
    }
    return TaskDescription(
      name: name, kind: name == "location" ? .multiLabel : .classification,
      labels: labels.count == classes ? labels : [], prefix: prefix)
  }
}
