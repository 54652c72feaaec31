import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks

/// The metric of one task, by its kind.
enum TaskMetric: Codable {
  case classification(ClassificationMetric)
  case multiLabel(MultiLabelMetric)
  case regression(RegressionMetric)
  case segmentation(SegmentationMetric)
  case distance(DistanceMetric)
  case normals(NormalMetric)

  /// - Parameter outputShape: of one image, batch first.
  /// - Returns: nil for kinds that are not measured.
  init?(_ task: TaskDescription, outputShape: Shape) {
    let channels = outputShape.rank > 1 ? outputShape[1] : 1
    switch task.kind {
    case .classification:
      guard let metric = ClassificationMetric(classCount: channels) else { return nil }
      self = .classification(metric)
    case .multiLabel: self = .multiLabel(MultiLabelMetric(labelCount: channels))
    case .regression where channels == 1: self = .regression(RegressionMetric(unit: task.unit))
    case .segmentation:
      guard let metric = SegmentationMetric(classCount: max(channels, 2)) else { return nil }
      self = .segmentation(metric)
    case .depth, .disparity: self = .distance(DistanceMetric(unit: task.unit))
    case .normals: self = .normals(NormalMetric())
    default: return nil
    }
  }

  var figures: [Figure] {
    switch self {
    case .classification(let metric): metric.figures
    case .multiLabel(let metric): metric.figures
    case .regression(let metric): metric.figures
    case .segmentation(let metric): metric.figures
    case .distance(let metric): metric.figures
    case .normals(let metric): metric.figures
    }
  }

  /// Adds the answer for one picture.
  mutating func add(_ truth: TaskTruth, _ result: InferenceResult, task: Int) throws(MTLError) {
    switch (self, truth) {
    case (.classification(var metric), .label(let label)):
      let answer = try result.classification(task: task, image: 0)
      _ = metric.add(prediction: answer.index, truth: label)
      self = .classification(metric)
    case (.multiLabel(var metric), .labels(let labels)):
      let form = result.model.tasks[task].form
      _ = metric.add(MultiLabel(try result.values(task: task, image: 0), form: form), truth: labels)
      self = .multiLabel(metric)
    case (.regression(var metric), .number(let number)):
      metric.add(prediction: Double(try result.values(task: task, image: 0)[0]), truth: number)
      self = .regression(metric)
    case (.segmentation(var metric), .labelMap(let labels, let frame)):
      metric.add(try result.labelMap(task: task, image: 0, frame: frame), truth: labels)
      self = .segmentation(metric)
    case (.distance(var metric), .map(let values, let frame)):
      metric.add(try result.scalarMap(task: task, image: 0, frame: frame), truth: values)
      self = .distance(metric)
    case (.normals(var metric), .map(let values, let frame)):
      metric.add(try result.normalMap(task: task, image: 0, frame: frame), truth: values)
      self = .normals(metric)
    default: throw MTLError(.internalFault, result.model.tasks[task].name, "its truth is of another kind")
    }
  }
}

/// What is true of one picture for one task, in the form of the task's kind.
enum TaskTruth {
  case label(Int)
  case labels([Bool])
  case number(Double)
  case labelMap([Int32], frame: PictureFrame)
  /// Distances, or x, y, z of each pixel.
  case map([Float], frame: PictureFrame)
}
