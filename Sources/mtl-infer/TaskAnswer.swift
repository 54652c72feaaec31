import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks

/// What `run` says of one task of one picture; the names are those of its JSON. Which fields are there depends on the kind.
struct TaskAnswer: Encodable {
  /// A label that holds, or a class that a share of the pixels has.
  struct Part: Encodable {
    let label: String
    let index: Int
    var confidence: Float?
    var share: Double?
  }

  let kind: String
  var label: String?
  var index: Int?
  var confidence: Float?
  /// Of ordered classes the mean place, weighted by their probabilities.
  var expectation: Float?
  /// Of several labels those that hold, of segmentation the classes that are there, largest first.
  var parts: [Part]?
  /// Numbers of a regression.
  var values: [Float]?
  /// Least, middle and largest value of a map.
  var low: Float?
  var median: Float?
  var high: Float?
  var unit: String?
  /// Share of the pixels that stand out or are an edge, more likely than not.
  var share: Double?
  /// Mean direction of all normals.
  var mean: [Float]?
  /// Of an output without a known meaning.
  var shape: [Int]?
  /// What was found in the picture, best first.
  var objects: [FoundObject]?

  /// For the table.
  var text: String {
    if let label, let confidence { return "\(label) (\(Format.percent(confidence)))" }
    if let objects { return objects.count == 1 ? "1 object" : "\(objects.count) objects" }
    let suffix = unit.map { " " + $0 } ?? ""
    if let values { return values.map { TaskAnswer.number($0) + suffix }.joined(separator: ", ") }
    if let parts { return parts.isEmpty ? "none" : parts.prefix(3).map(TaskAnswer.text).joined(separator: ", ") }
    if let low, let high { return "\(TaskAnswer.number(low)) to \(TaskAnswer.number(high))\(suffix)" }
    if let share { return "\(Format.percent(Float(share))) of the picture" }
    if let mean { return "mean \(mean.map(TaskAnswer.number).joined(separator: " "))" }
    return "\(kind) \(Shape(shape ?? []))"
  }

  private static func text(_ part: Part) -> String {
    if let confidence = part.confidence { return "\(part.label) (\(Format.percent(confidence)))" }
    return "\(part.label) \(Format.percent(Float(part.share ?? 0)))"
  }

  private static func number(_ value: Float) -> String { Format.decimals(Double(value), 2) }
}

/// The maps that answers were read from, for pictures of them.
struct TaskMaps {
  var labels: LabelMap?
  var scalars: ScalarMap?
  var normals: NormalMap?
}

/// Reads answers out of a result.
struct AnswerReader {
  let result: InferenceResult
  let frame: PictureFrame
  let finder: ObjectFinder

  func answer(_ task: Int) throws(MTLError) -> (TaskAnswer, TaskMaps) {
    let description = result.model.tasks[task]
    var answer = TaskAnswer(kind: description.kind.rawValue)
    var maps = TaskMaps()
    answer.unit = description.unit
    switch description.kind {
    case .classification:
      let best = try result.classification(task: task, image: 0)
      (answer.label, answer.index) = (name(best.index, description), best.index)
      answer.confidence = best.confidence
    case .multiLabel:
      let all = MultiLabel(try result.values(task: task, image: 0), form: description.form)
      answer.parts = all.holding.map {
        TaskAnswer.Part(label: name($0, description), index: $0, confidence: all.probabilities[$0])
      }
    case .ordinal:
      let own = try result.ordinal(task: task, image: 0)
      (answer.label, answer.index) = (name(own.index, description), own.index)
      (answer.confidence, answer.expectation) = (own.confidence, own.expectation)
    case .regression: answer.values = try result.values(task: task, image: 0)
    case .segmentation, .partSegmentation:
      let map = try result.labelMap(task: task, image: 0, frame: frame)
      answer.parts = parts(map, description)
      maps.labels = map
    case .depth, .disparity, .saliency, .edges:
      let map = try result.scalarMap(task: task, image: 0, frame: frame)
      describe(map, description.kind, in: &answer)
      maps.scalars = map
    case .normals:
      let map = try result.normalMap(task: task, image: 0, frame: frame)
      answer.mean = [map.mean.x, map.mean.y, map.mean.z]
      maps.normals = map
    case .detection, .keyPoints: answer.objects = try finder.objects(task, result)
    case .embedding, .raw: answer.shape = result.tensor(task: task)?.shape.dimensions
    }
    return (answer, maps)
  }

  private func describe(_ map: ScalarMap, _ kind: TaskDescription.Kind, in answer: inout TaskAnswer) {
    if kind == .saliency || kind == .edges {
      answer.share = map.share(above: 0.5)
    } else if let range = map.range() {
      (answer.low, answer.median, answer.high) = (range.low, range.median, range.high)
    }
  }

  private func parts(_ map: LabelMap, _ description: TaskDescription) -> [TaskAnswer.Part] {
    let total = Double(map.labels.count)
    return map.counts.indices.filter { map.counts[$0] > 0 }.sorted { map.counts[$0] > map.counts[$1] }.map {
      TaskAnswer.Part(label: name($0, description), index: $0, share: Double(map.counts[$0]) / total)
    }
  }

  private func name(_ index: Int, _ description: TaskDescription) -> String {
    description.labels.indices.contains(index) ? description.labels[index] : "\(index)"
  }
}
