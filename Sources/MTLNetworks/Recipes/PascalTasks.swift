import MTLFormats
import MTLGraph

/// The tasks of PASCAL-Context and NYUD as astmt and Vandenhende's code base name them.
enum PascalTasks {
  /// The order in which the code bases list tasks, wherever a file or a network keeps one.
  static let order = ["semseg", "human_parts", "sal", "normals", "edge", "depth"]

  /// Names in the code bases' order; those that they do not know come last, as they are.
  static func sorted(_ names: [String]) -> [String] {
    order.filter(names.contains) + names.filter { !order.contains($0) }
  }

  /// What a task of this name means. Outputs are logits: what is done to them follows outside the network.
  static func task(_ name: String, prefix: String, classes: Int?) -> TaskDescription {
    let labels = PascalTasks.labels[name]?.first { $0.count == classes } ?? []
    switch name {
    case "semseg":
      return TaskDescription(name: name, kind: .segmentation, labels: labels, form: .logits, prefix: prefix)
    case "human_parts":
      return TaskDescription(name: name, kind: .partSegmentation, labels: labels, form: .logits, prefix: prefix)
    case "sal": return TaskDescription(name: name, kind: .saliency, form: .logits, prefix: prefix)
    case "edge": return TaskDescription(name: name, kind: .edges, form: .logits, prefix: prefix)
    case "normals": return TaskDescription(name: name, kind: .normals, prefix: prefix)
    case "depth": return TaskDescription(name: name, kind: .depth, unit: "m", prefix: prefix)
    default: return TaskDescription(name: name, kind: .raw, prefix: prefix)
    }
  }

  /// The task of a network for one task, whose name its checkpoint does not have, by the head's channels; nil where
  /// several have as many.
  static func name(classes: Int?) -> String? {
    switch classes {
    case 21, 40: "semseg"
    case 7: "human_parts"
    case 3: "normals"
    default: nil
    }
  }

  /// Told apart by their number: Pascal VOC's classes with the background, NYUD's 40 without; the six parts of a body that
  /// both code bases make of PASCAL-Part.
  private static let labels: [String: [[String]]] = [
    "semseg": [
      [
        "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
        "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
      ],
      [
        "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture",
        "counter",
        "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror", "floor mat", "clothes", "ceiling",
        "books", "refrigerator", "television", "paper", "towel", "shower curtain", "box", "whiteboard", "person",
        "night stand", "toilet", "sink", "lamp", "bathtub", "bag", "other structure", "other furniture", "other prop",
      ],
    ],
    "human_parts": [
      ["background", "head", "torso", "upper arms", "lower arms", "upper legs", "lower legs"]
    ],
  ]
}
