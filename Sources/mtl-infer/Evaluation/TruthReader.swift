import DataSets
import MTLFormats
import MTLGraph
import MTLInfer
import MTLNetworks

/// Reads what a data set says of one task, and checks it.
struct TruthReader {
  let task: TaskDescription
  /// Classes or labels that the network has.
  let classCount: Int
  /// The data set's name for it.
  let name: String

  /// Labels of pixels that are left out, as data sets mark them: anything below 0, and this.
  private static let voidLabel: Int32 = 255

  /// Finds the data set's name for a task: its own, else the usual one of its kind.
  static func name(for task: TaskDescription, among names: Set<String>) -> String? {
    let isPart = task.name.contains("part")
    let usual: [String] =
      switch task.kind {
      case .segmentation: isPart ? ["part", "part_seg", "human_parts"] : ["label", "seg", "segmentation", "semseg"]
      case .depth: ["depth"]
      case .disparity: ["disp", "disparity", "depth"]
      case .normals: ["normal", "normals"]
      default: []
      }
    return ([task.name] + usual).first { names.contains($0) }
  }

  /// - Parameter frame: the picture as the network saw it, for a truth of this size.
  func read(
    _ truth: DataSet.Truth, frame: (_ width: Int, _ height: Int) -> PictureFrame
  ) throws(MTLError) -> TaskTruth {
    switch (task.kind, truth) {
    case (.classification, .index(let index)): return .label(try checked(index, "\(index)"))
    case (.classification, .text(let text)): return .label(try label(text))
    case (.multiLabel, .text(let text)): return .labels(try labels(text))
    case (.regression, .index(let index)): return .number(Double(index))
    case (.regression, .text(let text)):
      guard let number = Double(text), number.isFinite else { throw wrong("a number", "'\(text)'") }
      return .number(number)
    case (.segmentation, .array(let path)): return try labelMap(path, frame)
    case (.depth, .array(let path)), (.disparity, .array(let path)): return try map(path, channels: 1, frame)
    case (.normals, .array(let path)): return try map(path, channels: 3, frame)
    default: throw wrong("what a task of kind \(task.kind.rawValue) is measured by", "something else")
    }
  }

  private func wrong(_ expected: String, _ found: String) -> MTLError {
    MTLError(.badFormat, "'\(name)'", expected: expected, found: found)
  }

  private func checked(_ index: Int, _ text: String) throws(MTLError) -> Int {
    guard (0..<classCount).contains(index) else { throw wrong("a class of 0 to \(classCount - 1)", text) }
    return index
  }

  private func label(_ text: String) throws(MTLError) -> Int {
    if let index = task.labels.firstIndex(of: text) { return index }
    guard let index = Int(text) else {
      let known = task.labels.isEmpty ? "" : ", or one of \(task.labels.joined(separator: ", "))"
      throw wrong("a class of 0 to \(classCount - 1)\(known)", "'\(text)'")
    }
    return try checked(index, text)
  }

  private func labels(_ text: String) throws(MTLError) -> [Bool] {
    var holds = [Bool](repeating: false, count: classCount)
    for part in text.split(separator: ";") {
      let words = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      if words != "none" { holds[try label(words)] = true }
    }
    return holds
  }

  private func labelMap(
    _ path: String, _ frame: (_ width: Int, _ height: Int) -> PictureFrame
  ) throws(MTLError) -> TaskTruth {
    let (values, width, height) = try array(path, channels: 1)
    var labels: [Int32] = []
    labels.reserveCapacity(values.count)
    for (pixel, value) in values.enumerated() {
      guard let label = Int32(exactly: value), label < Int32(max(classCount, 2)) || label == TruthReader.voidLabel
      else {
        throw MTLError(
          .badFormat, path,
          expected: "labels of 0 to \(max(classCount, 2) - 1), \(TruthReader.voidLabel) or negative ones",
          found: "\(value) at row \(pixel / width), column \(pixel % width)")
      }
      labels.append(label)
    }
    return .labelMap(labels, frame: frame(width, height))
  }

  private func map(
    _ path: String, channels: Int, _ frame: (_ width: Int, _ height: Int) -> PictureFrame
  ) throws(MTLError) -> TaskTruth {
    let (values, width, height) = try array(path, channels: channels)
    guard !values.contains(where: \.isNaN) else { throw MTLError(.badFormat, path, "has values that are no numbers") }
    return .map(values, frame: frame(width, height))
  }

  /// An array of H x W x channels; one channel may be left out.
  private func array(
    _ path: String, channels: Int
  ) throws(MTLError) -> (values: [Float], width: Int, height: Int) {
    let tensor = try NumpyFile.read(MappedFile.open(path: path), name: path)
    let shape = tensor.shape
    let isPlain = shape.rank == 2 && channels == 1
    let sides = 1...Window.maximumSide
    guard isPlain || shape.rank == 3 && shape[2] == channels, sides.contains(shape[0]), sides.contains(shape[1]) else {
      throw MTLError(.shapeMismatch, path, expected: "H x W x \(channels)", found: "\(shape)")
    }
    return (try tensor.floats(of: path), shape[1], shape[0])
  }
}
