import DataSets
import Glibc
import ImageFiles
import MTLFormats
import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks

/// A model's metrics over a data set, as far as they are: what `eval` saves and goes on with.
struct Evaluation: Codable {
  struct Failure: Codable {
    let name: String
    let error: String
  }

  let model: String
  let dataSet: String
  /// Of weights, descriptions, options and samples, which must be the same to go on.
  let fingerprint: UInt64
  /// Of the session's tasks those that the data set has something for.
  private(set) var metrics: [String: TaskMetric] = [:]
  /// Pictures that have a truth, by task.
  private(set) var counts: [String: Int] = [:]
  /// How many of the data set's samples, in their order, have been seen.
  private(set) var done = 0
  private(set) var failures: [Failure] = []

  /// - Parameter fingerprint: needed only where the state is kept.
  init(_ session: InferenceSession, _ readers: [Int: TruthReader], dataSet: String, fingerprint: UInt64 = 0) {
    model = session.model.name
    self.dataSet = dataSet
    self.fingerprint = fingerprint
    for task in readers.keys {
      let description = session.model.tasks[task]
      metrics[description.name] = TaskMetric(description, outputShape: session.model.outputShapes[task])
    }
  }

  /// How the tasks of a session are measured on a data set; fails where none is.
  static func readers(
    _ session: InferenceSession, _ set: DataSet, path: String
  ) throws(MTLError) -> (readers: [Int: TruthReader], notes: [String]) {
    let names = Set(set.samples.flatMap(\.truths.keys))
    var readers: [Int: TruthReader] = [:]
    var notes: [String] = []
    for task in session.tasks {
      let description = session.model.tasks[task]
      let shape = session.model.outputShapes[task]
      if let name = TruthReader.name(for: description, among: names), TaskMetric(description, outputShape: shape) != nil
      {
        let reader = TruthReader(task: description, count: TaskMetric.count(description, shape), name: name)
        if let note = try reader.note(set) { notes.append(note) }
        readers[task] = reader
      } else {
        notes.append(
          "task '\(description.name)' of kind \(description.kind.rawValue) is not measured: "
            + "the data set has \(names.sorted().joined(separator: ", "))")
      }
    }
    guard !readers.isEmpty else {
      throw MTLError(.badFormat, path, notes.first ?? "has nothing for the model's tasks")
    }
    return (readers, notes)
  }

  /// Of all that must be the same to go on with a state. Reads all weights and all of the set's description.
  static func fingerprint(_ session: InferenceSession, _ set: DataSet, textHeight: Double?) -> UInt64 {
    var hash = Fingerprint()
    hash.add(session.model.fingerprint)
    hash.add(String(decoding: (try? session.model.card().text()) ?? [], as: UTF8.self))
    hash.add("\(session.tasks) \(textHeight ?? 0)")
    for sample in set.samples {
      hash.add("\(sample.name) \(sample.input)")
      for (name, truth) in sample.truths.sorted(by: { $0.key < $1.key }) { hash.add("\(name) \(truth)") }
    }
    return hash.value
  }

  /// Whether this one, which was saved, is of the same things as a new one and whole.
  func canGoOn(as new: Evaluation) -> Bool {
    fingerprint == new.fingerprint && (0...Int(Int32.max)).contains(done) && Set(metrics.keys) == Set(new.metrics.keys)
      && metrics.allSatisfy { name, metric in new.metrics[name].map(metric.isLike) ?? false }
  }

  /// Runs one picture, or a page with text of some height, and adds it to the metrics of all tasks that the data set says
  /// something of, or, where anything of it is wrong, to none and to the failures.
  mutating func add(
    _ sample: DataSet.Sample, _ session: InferenceSession, _ readers: [Int: TruthReader], textHeight: Double? = nil
  ) {
    done += 1
    do throws(MTLError) {
      try measure(sample, session, readers, textHeight)
    } catch {
      failures.append(Failure(name: sample.name, error: error.description))
    }
  }

  private mutating func measure(
    _ sample: DataSet.Sample, _ session: InferenceSession, _ readers: [Int: TruthReader], _ textHeight: Double?
  ) throws(MTLError) {
    let known = readers.filter { sample.truths[$0.value.name] != nil }
    guard !known.isEmpty else {
      let names = Set(readers.values.map { "'\($0.name)'" }).sorted().joined(separator: ", ")
      throw MTLError(.badFormat, sample.name, "the data set says nothing of \(names)")
    }
    let (result, frames) = try Evaluation.run(sample.input, session, textHeight)
    defer { result.recycle() }
    var measured = metrics
    for (task, reader) in known.sorted(by: { $0.key < $1.key }) {
      guard let truth = sample.truths[reader.name] else { continue }
      let read = try reader.read(truth, frames)
      try measured[reader.task.name]?.add(read, result, task: task, frames.finder)
    }
    metrics = measured
    for reader in known.values { counts[reader.task.name, default: 0] += 1 }
  }

  /// The result, and what its answers are read with.
  private static func run(
    _ input: DataSet.Input, _ session: InferenceSession, _ textHeight: Double?
  ) throws(MTLError) -> (InferenceResult, TruthFrames) {
    let model = session.model
    switch input {
    case .picture(let path):
      try checkRegular(path)
      let image = try ImageFile.read(path: path)
      let result = try PictureRun(image, session, textHeight: textHeight).result
      return (result, TruthFrames(picture: image.uprightSize, model: model, isStretched: false))
    case .array(let path):
      guard model.input.pages == nil, textHeight == nil else {
        throw MTLError(.unsupported, path, "is an array, and pages are cut from pictures")
      }
      let tensor = try ArrayPicture.read(path, model.input)
      let size = (width: tensor.shape[3], height: tensor.shape[2])
      return (try session.run(tensor: tensor), TruthFrames(picture: size, model: model, isStretched: true))
    }
  }
}

/// How a picture of a data set lies in the network's input, for truths of other sizes than its own as well.
struct TruthFrames {
  /// Sides in pixels.
  let picture: (width: Int, height: Int)
  let model: Model
  /// Whether the picture is the network's input, stretched or not.
  let isStretched: Bool

  /// The frame of a truth of this size, which must have the picture's shape but for a pixel of rounding.
  func frame(_ width: Int, _ height: Int, of path: String) throws(MTLError) -> PictureFrame {
    let (across, down) = (Double(width) / Double(picture.width), Double(height) / Double(picture.height))
    guard
      abs(down - across) * Double(picture.height) * min(1, 1 / down) <= 1
        || abs(down - across) * Double(picture.width) * min(1, 1 / across) <= 1
    else {
      throw MTLError(
        .shapeMismatch, path,
        expected: "the shape of the picture, which has \(picture.width) x \(picture.height) pixels",
        found: "\(width) x \(height)")
    }
    return isStretched
      ? PictureFrame(width: width, height: height, stretchedTo: picture)
      : PictureFrame(width: width, height: height, model: model)
  }

  /// Reads objects at their places in the picture.
  var finder: ObjectFinder {
    let own = PictureFrame(width: picture.width, height: picture.height, model: model).placement
    return ObjectFinder(placement: isStretched ? .identity : own, minimumScore: 0)
  }
}

/// Fails for a pipe or a device, which would be waited for.
func checkRegular(_ path: String) throws(MTLError) {
  var status = stat()
  guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
  throw MTLError(.inputOutput, path, "is no regular file")
}

/// Pictures that are kept as arrays of numbers from 0 to 1.
private enum ArrayPicture {
  /// The network's input of its own size: range, mean and standard deviation are the model's.
  static func read(_ path: String, _ input: InputDescription) throws(MTLError) -> Tensor {
    let array = try NumpyFile.read(MappedFile.open(path: path), name: path)
    let channels = input.color.channelCount
    guard array.shape.rank == 3, array.shape[2] == channels else {
      throw MTLError(.shapeMismatch, path, expected: "H x W x \(channels)", found: "\(array.shape)")
    }
    let values = try array.floats(of: path)
    let slack: Float = 1e-3
    if let wrong = values.first(where: { !($0 >= -slack && $0 <= 1 + slack) }) {
      throw MTLError(.badFormat, path, expected: "numbers of 0 to 1", found: "\(wrong)")
    }
    let pixels = array.shape[0] * array.shape[1]
    let low = Float(input.range[0])
    let width = Float(input.range[1]) - low
    let planes = (0..<channels * pixels).map { index -> Float in
      let channel = index / pixels
      let place = index % pixels * channels + (input.color == .bgr ? channels - 1 - channel : channel)
      return (values[place] * width + low - Float(input.mean[channel])) / Float(input.standardDeviation[channel])
    }
    return Tensor(planes, shape: [1, channels, array.shape[0], array.shape[1]])
  }
}
