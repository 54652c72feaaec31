import ImageFiles
import MTLGraph
import MTLInfer
import MTLTasks

/// What `run` says of one picture; the names are those of its JSON.
struct PictureReport: Encodable {
  struct Answer: Encodable {
    let kind: String
    var label: String?
    var index: Int?
    var confidence: Float?
    /// Of an output without a known meaning.
    var shape: [Int]?
    /// What was found in the picture, best first.
    var objects: [FoundObject]?

    /// For the table.
    var text: String {
      if let label, let confidence { return "\(label) (\(Format.percent(confidence)))" }
      if let objects { return objects.count == 1 ? "1 object" : "\(objects.count) objects" }
      return "raw \(Shape(shape ?? []))"
    }
  }

  let image: String
  var tasks: [String: Answer]?
  /// Everything from pixels to outputs; the decoding of the file is not part of it.
  var timeMs: Double?
  var prepareMs: Double?
  var encoderMs: Double?
  var headsMs: [String: Double]?
  var error: String?

  /// Reads, decodes and runs one picture; every error names it.
  static func make(
    _ path: String, _ session: InferenceSession, above minimumScore: Float
  ) throws(MTLError) -> (PictureReport, InferenceResult) {
    let image = try ImageFile.read(path: path)
    do throws(MTLError) {
      let result = try run(image, session)
      let isTurned = image.orientation >= 5
      let placement = Placement(
        session.model.input.resize,
        picture: isTurned ? (image.height, image.width) : (image.width, image.height),
        input: (session.model.input.width, session.model.input.height))
      let finder = ObjectFinder(placement: placement, minimumScore: minimumScore)
      return (try PictureReport(path, result, session, finder), result)
    } catch {
      // An output of NaN is no fault of ours: the weights have it.
      throw MTLError(error.kind == .invalidState ? .badFormat : error.kind, path, error.description)
    }
  }

  init(image: String, error: String) {
    self.image = image
    self.error = error
  }

  private init(
    _ path: String, _ result: InferenceResult, _ session: InferenceSession, _ finder: ObjectFinder
  ) throws(MTLError) {
    let statistics = try session.statistics()
    var answers: [String: Answer] = [:]
    var heads: [String: Double] = [:]
    for task in session.tasks {
      let name = session.model.tasks[task].name
      answers[name] = try PictureReport.answer(task, result, finder)
      heads[name] = try Double(session.headNanoseconds(task: task)) / 1e6
    }
    image = path
    tasks = answers
    timeMs = Double(statistics.totalNanoseconds) / 1e6
    prepareMs = Double(statistics.prepareNanoseconds) / 1e6
    encoderMs = Double(statistics.encoderNanoseconds) / 1e6
    headsMs = heads
  }

  private static func run(_ image: DecodedImage, _ session: InferenceSession) throws(MTLError) -> InferenceResult {
    let outcome = unsafe image.pixels.withUnsafeBytes { pixels in
      Result { () throws(MTLError) -> InferenceResult in
        try session.run(count: 1) { (_: Int) throws(MTLError) -> PixelView in
          try unsafe PixelView(
            data: pixels.baseAddress, byteCount: UInt64(pixels.count), rowStride: Int64(image.width * image.channels),
            width: image.width, height: image.height, format: image.channels == 1 ? .gray8 : .rgb8,
            orientation: image.orientation)
        }
      }
    }
    return try outcome.get()
  }

  private static func answer(
    _ task: Int, _ result: InferenceResult, _ finder: ObjectFinder
  ) throws(MTLError) -> Answer {
    let description = result.model.tasks[task]
    switch description.kind {
    case .classification:
      let answer = try result.classification(task: task, image: 0)
      let isNamed = description.labels.indices.contains(answer.index)
      return Answer(
        kind: description.kind.rawValue, label: isNamed ? description.labels[answer.index] : "\(answer.index)",
        index: answer.index, confidence: answer.confidence)
    case .detection, .keyPoints:
      return Answer(kind: description.kind.rawValue, objects: try finder.objects(task, result))
    default:
      return Answer(kind: description.kind.rawValue, shape: result.tensor(task: task)?.shape.dimensions)
    }
  }
}
