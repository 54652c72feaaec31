import ImageFiles
import MTLGraph
import MTLInfer
import MTLTasks
import TaskPictures

/// What `run` says of one picture; the names are those of its JSON.
struct PictureReport: Encodable {
  let image: String
  var tasks: [String: TaskAnswer]?
  /// Everything from pixels to outputs; the decoding of the file is not part of it.
  var timeMs: Double?
  var prepareMs: Double?
  var encoderMs: Double?
  var headsMs: [String: Double]?
  /// Of a page that was seen in crops: how many, and the height of its text in pixels.
  var crops: Int?
  var textHeight: Double?
  var error: String?

  /// Reads, decodes and runs one picture; every error names it.
  ///
  /// - Parameter textHeight: of pages, in pixels; nil estimates it.
  static func make(
    _ path: String, _ session: InferenceSession, above minimumScore: Float, textHeight: Double?
  ) throws(MTLError) -> (report: PictureReport, outcome: PictureOutcome) {
    let image = try ImageFile.read(path: path)
    do throws(MTLError) {
      let run = try PictureRun(image, session, textHeight: textHeight)
      let reader = AnswerReader(run.result, of: image, above: minimumScore)
      let outcome = PictureOutcome(image: image, result: run.result, answers: try session.tasks.map(reader.answer))
      return (PictureReport(path, outcome, run, session), outcome)
    } catch {
      // An output of NaN is no fault of ours: the weights have it.
      throw MTLError(error.kind == .invalidState ? .badFormat : error.kind, path, error.description)
    }
  }

  init(image: String, error: String) {
    self.image = image
    self.error = error
  }

  private init(_ path: String, _ outcome: PictureOutcome, _ run: PictureRun, _ session: InferenceSession) {
    var answers: [String: TaskAnswer] = [:]
    var heads: [String: Double] = [:]
    for (position, task) in session.tasks.enumerated() {
      let name = session.model.tasks[task].name
      answers[name] = outcome.answers[position].answer
      heads[name] = Double(run.headNanoseconds[position]) / 1e6
    }
    let statistics = run.statistics
    image = path
    tasks = answers
    timeMs = Double(statistics.totalNanoseconds) / 1e6
    prepareMs = Double(statistics.prepareNanoseconds) / 1e6
    encoderMs = Double(statistics.encoderNanoseconds) / 1e6
    headsMs = heads
    crops = run.crops?.regions.count
    textHeight = run.crops?.textHeight
  }
}

/// A run of one picture: whole, or crop by crop where the model's card describes pages.
struct PictureRun {
  let result: InferenceResult
  let statistics: InferenceSession.Statistics
  /// Of each of the session's tasks.
  let headNanoseconds: [UInt64]
  let crops: PageCrops?

  /// - Parameter textHeight: of a page, in pixels; nil estimates it.
  init(_ image: DecodedImage, _ session: InferenceSession, textHeight: Double?) throws(MTLError) {
    guard session.model.input.pages == nil, textHeight == nil else {
      let page = try image.withView { view throws(MTLError) in try session.run(page: view, textHeight: textHeight) }
      (result, statistics, headNanoseconds, crops) = (page.result, page.statistics, page.headNanoseconds, page.crops)
      return
    }
    result = try image.withView { view throws(MTLError) in try session.run(count: 1) { _ in view } }
    statistics = try session.statistics()
    headNanoseconds = try session.tasks.map { task throws(MTLError) in try session.headNanoseconds(task: task) }
    crops = nil
  }
}

/// One picture and what came of it.
struct PictureOutcome {
  let image: DecodedImage
  let result: InferenceResult
  /// In the order of the session's tasks.
  let answers: [(answer: TaskAnswer, maps: TaskMaps)]

  /// The files that `--out` writes beside the raw outputs.
  func pictures(_ session: InferenceSession, title: String) throws(MTLError) -> [(name: String, bytes: [UInt8])] {
    let picture = try image.withView { view throws(MTLError) in
      Raster(width: view.size.width, height: view.size.height, pixels: view.rgb())
    }
    let tasks = zip(session.tasks, answers).map { (session.model.tasks[$0], $1.answer, $1.maps) }
    return try AnswerPictures(picture: picture, title: title).files(tasks)
  }
}

extension DecodedImage {
  /// Sides of the upright picture in pixels.
  var uprightSize: (width: Int, height: Int) { orientation >= 5 ? (height, width) : (width, height) }

  /// The upright picture, for the duration of a call.
  func withView<Answer>(_ body: (PixelView) throws(MTLError) -> Answer) throws(MTLError) -> Answer {
    let outcome = unsafe pixels.withUnsafeBytes { pixels in
      Result { () throws(MTLError) -> Answer in
        try body(
          unsafe PixelView(
            data: pixels.baseAddress, byteCount: UInt64(pixels.count), rowStride: Int64(width * channels), width: width,
            height: height, format: channels == 1 ? .gray8 : .rgb8, orientation: orientation))
      }
    }
    return try outcome.get()
  }
}

extension AnswerReader {
  fileprivate init(_ result: InferenceResult, of image: DecodedImage, above minimumScore: Float) {
    let (width, height) = image.uprightSize
    let frame = PictureFrame(width: width, height: height, model: result.model)
    self.init(
      result: result, frame: frame, finder: ObjectFinder(placement: frame.placement, minimumScore: minimumScore))
  }
}
