import MTLFormats
import MTLGraph

/// The data sets of scenes that LibMTL, mtan and auto-lambda share: what their tasks are called and mean.
enum DenseScene: String, Sendable {
  case nyuv2
  case cityscapes

  /// Task names as the three code bases have them; what else a checkpoint names is kept as numbers without a meaning.
  /// LibMTL's trainer resizes the heads' maps to the input's size corner on corner; the others do so in the network.
  func task(_ name: String, prefix: String, classes: Int?, form: TaskDescription.Form? = nil) -> TaskDescription {
    let labels = DenseScene.labels.first { $0.count == classes } ?? []
    switch name {
    case "segmentation", "seg":
      return TaskDescription(
        name: name, kind: .segmentation, labels: labels, form: form, prefix: prefix, upsampling: .corners)
    case "part_seg":
      return TaskDescription(
        name: name, kind: .partSegmentation, labels: labels, form: form, prefix: prefix, upsampling: .corners)
    case "depth" where self == .nyuv2:
      return TaskDescription(name: name, kind: .depth, unit: "m", prefix: prefix, upsampling: .corners)
    // What the Cityscapes examples of LibMTL and mtan call depth is inverse depth.
    case "depth": return TaskDescription(name: name, kind: .disparity, prefix: prefix, upsampling: .corners)
    // auto-lambda's is 0 at infinity, which is valid, and -1 where it is unknown.
    case "disp":
      return TaskDescription(
        name: name, kind: .disparity, prefix: prefix, upsampling: .corners, convention: TaskConvention(invalid: -1))
    case "normal": return TaskDescription(name: name, kind: .normals, prefix: prefix, upsampling: .corners)
    default: return TaskDescription(name: name, kind: .raw, prefix: prefix)
    }
  }

  /// Told apart by their number: NYUv2's 13 classes in the order of ankurhanda/nyuv2-meta-data, Cityscapes' 19 training
  /// classes, and the 10 parts that auto-lambda makes of panoptic-parts.
  private static let labels = [
    [
      "bed", "books", "ceiling", "chair", "floor", "furniture", "objects", "painting", "sofa", "table", "tv", "wall",
      "window",
    ],
    [
      "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain",
      "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
    ],
    [
      "background", "torso", "head", "arms", "legs", "windows", "wheels", "lights", "license plate", "chassis",
    ],
  ]

  /// An input in [0, 1], or in the range given, without mean and standard deviation.
  func input(width: Int, height: Int, range: [Double] = [0, 1]) -> InputDescription {
    InputDescription(
      width: width, height: height, color: .rgb, range: range, mean: [0, 0, 0], standardDeviation: [1, 1, 1])
  }

  /// Whether heads of these numbers of channels are this data set's: NYUv2 has 13 classes or normals.
  func fits(classes: [Int]) -> Bool {
    let isNYUv2 = classes.contains(13) || classes.contains(3) || classes.allSatisfy { $0 == 1 }
    return isNYUv2 == (self == .nyuv2)
  }
}
