import MTLGraph
import MTLInfer
import MTLTasks

/// An object found in a picture; the names are those of the JSON. Places are in pixels of the upright picture.
struct FoundObject: Encodable {
  struct KeyPoint: Encodable {
    let name: String
    let x: Float
    let y: Float
  }

  let label: String
  let index: Int
  let score: Float
  /// Left, top, right, bottom.
  let box: [Float]
  var keyPoints: [KeyPoint]?
}

/// Reads the objects of a result that are sure enough.
struct ObjectFinder {
  let placement: Placement
  let minimumScore: Float

  func objects(_ task: Int, _ result: InferenceResult) throws(MTLError) -> [FoundObject] {
    let labels = result.model.tasks[task].labels
    guard result.model.tasks[task].kind == .keyPoints else {
      return try result.detections(task: task, image: 0, above: minimumScore).map { detection in
        let isNamed = labels.indices.contains(detection.index)
        return object(detection, label: isNamed ? labels[detection.index] : "\(detection.index)")
      }
    }
    let (persons, points) = try result.keyPoints(task: task, image: 0, above: minimumScore)
    let count = persons.isEmpty ? 0 : points.count / persons.count
    return persons.enumerated().map { place, person in
      var found = object(person, label: "person")
      found.keyPoints = (0..<count).map { joint in
        let point = placement.onPicture(points[place * count + joint])
        return FoundObject.KeyPoint(
          name: labels.indices.contains(joint) ? labels[joint] : "\(joint)", x: point.x, y: point.y)
      }
      return found
    }
  }

  private func object(_ detection: Detection, label: String) -> FoundObject {
    let box = placement.onPicture(detection.box)
    return FoundObject(
      label: label, index: detection.index, score: detection.score, box: [box.left, box.top, box.right, box.bottom])
  }
}

extension PictureReport {
  /// A line for each object of the pictures, and one for its key points; nil where no task looks for objects.
  static func objectTable(_ reports: [PictureReport], _ tasks: [String]) -> String? {
    var table = TextTable([
      ("image", .left), ("task", .left), ("object", .left), ("score", .right), ("left", .right), ("top", .right),
      ("right", .right), ("bottom", .right), ("key points", .left),
    ])
    var isEmpty = true
    for report in reports {
      for task in tasks {
        for object in report.tasks?[task]?.objects ?? [] {
          let points = (object.keyPoints ?? []).map { "\($0.name) \(whole($0.x)),\(whole($0.y))" }
          table.add(
            [report.image, task, object.label, Format.percent(object.score)] + object.box.map(whole)
              + [points.joined(separator: "; ")])
          isEmpty = false
        }
      }
    }
    return isEmpty ? nil : table.text
  }

  private static func whole(_ value: Float) -> String { Format.decimals(Double(value), 0) }
}
