import FoundationEssentials
import MTLGraph
import MTLInfer
import MTLNetworks

/// The `model.json` that `inspect --write-card` leaves, with everything in it that can be edited.
struct CardFile: Encodable {
  private struct Network: Encodable {
    let graph = "file"
  }

  private struct Input: Encodable {
    let name: String
    let width: Int
    let height: Int
    let color: String
    let range: [Double]
    let mean: [Double]
    let std: [Double]
    let resize: String
    let filter: String
  }

  private struct Task: Encodable {
    let name: String
    let kind: String
    let labels: [String]?
    let output: String?
    let unit: String?
    /// The output's name in the file.
    let prefix: String?
  }

  private let format = ModelCard.formatVersion
  private let name: String
  private let description: String
  private let weights: String
  private let network = Network()
  private let input: Input?
  private let tasks: [Task]

  private init(_ model: Model, weights: String) {
    name = model.name
    description = model.description
    self.weights = weights
    let picture = model.input
    let takesPictures = model.inputs.contains { $0.type == .float32 && $0.dimensions.count == 4 }
    input =
      takesPictures
      ? Input(
        name: picture.name, width: picture.width, height: picture.height, color: picture.color.rawValue,
        range: picture.range, mean: picture.mean, std: picture.standardDeviation, resize: picture.resize.rawValue,
        filter: picture.filter.rawValue) : nil
    tasks = zip(model.tasks, model.outputNames).map { task, output in
      let isClassification = task.kind == .classification
      return Task(
        name: task.name, kind: task.kind.rawValue, labels: task.labels.isEmpty ? nil : task.labels,
        output: isClassification ? task.form.rawValue : nil, unit: task.unit,
        prefix: output == task.name ? nil : output)
    }
  }

  /// Writes it into the file's folder; a `model.json` that is there stays as it is.
  static func write(for model: Model, beside file: String) throws {
    guard model.networkName == "onnx" else {
      throw MTLError(.invalidArgument, "--write-card", "is for ONNX files; recipes and cards say what their tasks are")
    }
    let name = PictureList.fileName(file)
    let path = String(file.dropLast(name.count)) + "model.json"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw MTLError(.inputOutput, path, "is there already", systemErrorNumber: 17)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try writeFile(Array(encoder.encode(CardFile(model, weights: name))) + [0x0A], to: path)
    warn("wrote \(path)")
  }
}
