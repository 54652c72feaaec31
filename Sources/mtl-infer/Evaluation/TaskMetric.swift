import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks

/// The metric of one task, by its kind.
enum TaskMetric: Codable {
  case classification(ClassificationMetric)
  case multiLabel(MultiLabelMetric)
  case ordinal(OrdinalMetric)
  case regression(RegressionMetric)
  case segmentation(SegmentationMetric)
  case distance(DistanceMetric)
  case normals(NormalMetric)
  case saliency(SaliencyMetric)
  case edges(EdgeMetric)
  case detection(DetectionMetric)
  case keyPoints(KeyPointMetric)

  /// - Parameter outputShape: of one image, batch first.
  /// - Returns: nil for kinds that are not measured.
  init?(_ task: TaskDescription, outputShape: Shape) {
    let count = TaskMetric.count(task, outputShape)
    switch task.kind {
    case .classification:
      guard let metric = ClassificationMetric(classCount: count) else { return nil }
      self = .classification(metric)
    case .multiLabel: self = .multiLabel(MultiLabelMetric(labelCount: count))
    case .ordinal:
      guard let metric = OrdinalMetric(classCount: count) else { return nil }
      self = .ordinal(metric)
    case .regression: self = .regression(RegressionMetric(unit: task.unit))
    case .segmentation, .partSegmentation:
      let metric = SegmentationMetric(
        classCount: max(count, 2), isOfParts: task.kind == .partSegmentation, convention: task.convention)
      guard let metric else { return nil }
      self = .segmentation(metric)
    case .depth, .disparity: self = .distance(DistanceMetric(unit: task.unit, convention: task.convention))
    case .normals: self = .normals(NormalMetric(convention: task.convention))
    case .saliency: self = .saliency(SaliencyMetric())
    case .edges: self = .edges(EdgeMetric(convention: task.convention))
    case .detection: self = .detection(DetectionMetric())
    case .keyPoints:
      let own = task.convention.sigmas
      let coco = KeyPointMetric.cocoSigmas
      self = .keyPoints(KeyPointMetric(sigmas: own.count == count ? own : count == coco.count ? coco : []))
    case .embedding, .raw: return nil
    }
  }

  /// Whether this one, which was saved, can go on where a new one would begin.
  func isLike(_ new: TaskMetric) -> Bool {
    switch (self, new) {
    case (.classification(let own), .classification(let new)): own.isLike(new)
    case (.multiLabel(let own), .multiLabel(let new)): own.isLike(new)
    case (.ordinal(let own), .ordinal(let new)): own.isLike(new)
    case (.regression(let own), .regression(let new)): own.isLike(new)
    case (.segmentation(let own), .segmentation(let new)): own.isLike(new)
    case (.distance(let own), .distance(let new)): own.isLike(new)
    case (.normals(let own), .normals(let new)): own.isLike(new)
    case (.saliency(let own), .saliency(let new)): own.isLike(new)
    case (.edges(let own), .edges(let new)): own.isLike(new)
    case (.detection(let own), .detection(let new)): own.isLike(new)
    case (.keyPoints(let own), .keyPoints(let new)): own.isLike(new)
    default: false
    }
  }

  /// Classes, labels, numbers or key points of a task with this output.
  static func count(_ task: TaskDescription, _ outputShape: Shape) -> Int {
    let channels = outputShape.rank > 1 ? outputShape[1] : 1
    return task.labelledForm?.count(channels) ?? channels
  }

  var figures: [Figure] {
    switch self {
    case .classification(let metric): metric.figures
    case .multiLabel(let metric): metric.figures
    case .ordinal(let metric): metric.figures
    case .regression(let metric): metric.figures
    case .segmentation(let metric): metric.figures
    case .distance(let metric): metric.figures
    case .normals(let metric): metric.figures
    case .saliency(let metric): metric.figures
    case .edges(let metric): metric.figures
    case .detection(let metric): metric.figures
    case .keyPoints(let metric): metric.figures
    }
  }

  /// Adds the answer for one picture.
  ///
  /// - Parameter finder: reads the objects of the result at their places in the picture.
  mutating func add(
    _ truth: TaskTruth, _ result: InferenceResult, task: Int, _ finder: ObjectFinder
  ) throws(MTLError) {
    let description = result.model.tasks[task]
    switch (self, truth) {
    case (.classification(var metric), .label(let label)):
      let answer = try result.classification(task: task, image: 0)
      _ = metric.add(prediction: answer.index, truth: label)
      self = .classification(metric)
    case (.multiLabel(var metric), .labels(let labels)):
      let values = try TaskMetric.numbers(result, task)
      _ = metric.add(MultiLabel(values, form: description.form), truth: labels)
      self = .multiLabel(metric)
    case (.ordinal(var metric), .label(let label)):
      _ = metric.add(prediction: try result.ordinal(task: task, image: 0).index, truth: label)
      self = .ordinal(metric)
    case (.regression(var metric), .numbers(let numbers)):
      for (value, number) in zip(try TaskMetric.numbers(result, task), numbers) {
        metric.add(prediction: Double(value), truth: number)
      }
      self = .regression(metric)
    case (.segmentation(var metric), .labelMap(let labels, let frame)):
      metric.add(try result.labelMap(task: task, image: 0, frame: frame), truth: labels)
      self = .segmentation(metric)
    case (.distance(var metric), .map(let values, let frame)):
      let map = try result.scalarMap(task: task, image: 0, frame: frame)
      try TaskMetric.check(map.values, description)
      metric.add(map, truth: values)
      self = .distance(metric)
    case (.normals(var metric), .map(let values, let frame)):
      try TaskMetric.check(try result.values(task: task, image: 0), description)
      metric.add(try result.normalMap(task: task, image: 0, frame: frame), truth: values)
      self = .normals(metric)
    case (.saliency(var metric), .mask(let mask, let frame)):
      let map = try result.scalarMap(task: task, image: 0, frame: frame)
      try TaskMetric.check(map.values, description)
      metric.add(map, truth: mask)
      self = .saliency(metric)
    case (.edges(var metric), .mask(let mask, let frame)):
      let map = try result.scalarMap(task: task, image: 0, frame: frame)
      try TaskMetric.check(map.values, description)
      metric.add(map, truth: mask)
      self = .edges(metric)
    case (.detection(var metric), .objects(let objects)):
      metric.add(try finder.objects(task, result).map(\.scored), truth: objects)
      self = .detection(metric)
    case (.keyPoints(var metric), .objects(let objects)):
      metric.add(try finder.objects(task, result).map(\.scored), truth: objects)
      self = .keyPoints(metric)
    default: throw MTLError(.internalFault, description.name, "its truth is of another kind")
    }
  }
}

extension TaskMetric {
  /// The numbers of an answer, all of which are some.
  private static func numbers(_ result: InferenceResult, _ task: Int) throws(MTLError) -> [Float] {
    let values = try result.values(task: task, image: 0)
    try check(values, result.model.tasks[task])
    return values
  }

  private static func check(_ values: [Float], _ task: TaskDescription) throws(MTLError) {
    guard values.allSatisfy(\.isFinite) else {
      throw MTLError(.invalidState, "task '\(task.name)'", "its answer has values that are no finite numbers")
    }
  }
}

/// What is true of one picture for one task, in the form of the task's kind.
enum TaskTruth {
  case label(Int)
  case labels([Bool])
  case numbers([Double])
  case labelMap([Int32], frame: PictureFrame)
  /// Distances, or x, y, z of each pixel.
  case map([Float], frame: PictureFrame)
  /// What stands out or is an edge.
  case mask([Bool?], frame: PictureFrame)
  case objects([TrueObject])
}

extension FoundObject {
  fileprivate var scored: ScoredObject {
    ScoredObject(
      index: index, score: score, box: Box(left: box[0], top: box[1], right: box[2], bottom: box[3]),
      points: (keyPoints ?? []).map { Point(x: $0.x, y: $0.y) })
  }
}
