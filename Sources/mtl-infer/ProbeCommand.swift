import ArgumentParser
import DataSets
import FoundationEssentials
import MTLFormats
import MTLGraph

/// `mtl-infer probe`: how well labels can be told from a representation.
struct ProbeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "probe", abstract: "Accuracy of a k-nearest-neighbour classifier on features, each left out in turn.",
    discussion: """
      FEATURES is an array of pictures x numbers as 'embed' writes it. LABELS is a text file with a line for each row, an
      array of numbers, or, with --task, a data set as 'eval' takes it, whose pictures are found by the names that 'embed' wrote
      beside the features. Nearness is the cosine of the angle between two rows, as usual for learned representations;
      of equally frequent labels among the neighbours the nearest one's counts.
      """)

  @Argument(help: ArgumentHelp("Array of pictures x numbers.", valueName: "features.npy"))
  var features: String

  @Argument(help: ArgumentHelp("A label for each row.", valueName: "labels"))
  var labels: String

  @Option(help: ArgumentHelp("What of the data set is looked for, as a column of its table.", valueName: "name"))
  var task: String?

  @Option(help: ArgumentHelp("Neighbours that vote.", valueName: "k"))
  var neighbours = 5

  @Flag(help: "Print JSON instead of a line.")
  var json = false

  private struct Report: Encodable {
    let rows: Int
    let classes: Int
    let neighbours: Int
    let accuracy: Double
    /// Of always guessing the most frequent label.
    let chance: Double
  }

  func validate() throws {
    if neighbours < 1 { throw ValidationError("--neighbours must be at least 1, not \(neighbours).") }
  }

  func run() throws {
    try reporting {
      let tensor = try NumpyFile.read(MappedFile.open(path: features), name: features)
      guard tensor.shape.rank == 2, tensor.shape[0] > neighbours, tensor.shape[1] > 0 else {
        throw MTLError(
          .shapeMismatch, features, expected: "more than \(neighbours) rows of numbers", found: "\(tensor.shape)")
      }
      let labels = try readLabels(count: tensor.shape[0])
      let values = try tensor.floats(of: features)
      guard values.allSatisfy(\.isFinite) else {
        throw MTLError(.badFormat, features, "has values that are no finite numbers")
      }
      let probe = NearestNeighbours(values, width: tensor.shape[1])
      let hits = labels.indices.count { probe.vote(on: $0, labels, count: neighbours) == labels[$0] }
      var counts: [String: Int] = [:]
      for label in labels { counts[label, default: 0] += 1 }
      let report = Report(
        rows: labels.count, classes: counts.count, neighbours: neighbours,
        accuracy: Double(hits) / Double(labels.count), chance: Double(counts.values.max() ?? 0) / Double(labels.count))
      if json { return try printJSON(report) }
      try writeLine(
        "accuracy \(Format.decimals(report.accuracy, 4)) of \(neighbours) nearest neighbours, \(report.classes) classes, "
          + "\(report.rows) rows; always guessing the most frequent: \(Format.decimals(report.chance, 4))")
    }
  }

  private func readLabels(count: Int) throws(MTLError) -> [String] {
    var found: [String]
    if let task {
      found = try readDataSet(task)
    } else if labels.hasSuffix(".npy") {
      found = try NumpyFile.read(MappedFile.open(path: labels), name: labels).floats(of: labels).map { "\($0)" }
    } else {
      guard let data = FileManager.default.contents(atPath: labels) else {
        throw MTLError(.inputOutput, labels, "cannot be read")
      }
      found = String(decoding: data, as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        .map(String.init)
      if found.last == "" { found.removeLast() }
    }
    guard found.count == count else {
      throw MTLError(.shapeMismatch, labels, expected: "\(count) labels, one for each row", found: "\(found.count)")
    }
    return found
  }
}

extension ProbeCommand {
  /// The labels of the pictures that `embed` named, in its order.
  private func readDataSet(_ task: String) throws(MTLError) -> [String] {
    let set = try DataSet.open(labels)
    var known: [Substring: String] = [:]
    for sample in set.samples {
      let label: String? =
        switch sample.truths[task] {
        case .text(let text), .named(let text, _, _): text
        case .quantity(let number, _, _): "\(number)"
        case .index(let index): "\(index)"
        default: nil
        }
      guard let label else { continue }
      guard known.updateValue(label, forKey: ProbeCommand.fileName(sample.name)) == nil else {
        throw MTLError(.badFormat, labels, "has two pictures named '\(ProbeCommand.fileName(sample.name))'")
      }
    }
    let list = features + ".txt"
    guard let data = FileManager.default.contents(atPath: list) else {
      throw MTLError(.inputOutput, list, "cannot be read; 'embed' writes it beside the features")
    }
    var found: [String] = []
    for path in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      guard let label = known[ProbeCommand.fileName(String(path))] else {
        throw MTLError(.badFormat, labels, "says nothing of '\(task)' of \(path)")
      }
      found.append(label)
    }
    return found
  }

  private static func fileName(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }
}

/// Rows of length 1, to be compared by their products.
private struct NearestNeighbours {
  private let rows: [Float]
  private let width: Int

  init(_ values: [Float], width: Int) {
    self.width = width
    var rows = values
    for start in stride(from: 0, to: rows.count, by: width) {
      let length = rows[start..<start + width].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      for index in start..<start + width where length > 0 { rows[index] = Float(Double(rows[index]) / length) }
    }
    self.rows = rows
  }

  /// The label that most of the nearest other rows have.
  func vote(on row: Int, _ labels: [String], count: Int) -> String {
    var nearest: [(product: Float, label: String)] = []
    for other in labels.indices where other != row {
      let product = product(row, other)
      if nearest.count == count, let last = nearest.last, product <= last.product { continue }
      let place = nearest.firstIndex { product > $0.product } ?? nearest.count
      nearest.insert((product, labels[other]), at: place)
      if nearest.count > count { nearest.removeLast() }
    }
    var votes: [String: Int] = [:]
    for entry in nearest { votes[entry.label, default: 0] += 1 }
    let most = votes.values.max() ?? 0
    return nearest.first { votes[$0.label] == most }?.label ?? ""
  }

  private func product(_ first: Int, _ second: Int) -> Float {
    unsafe rows.withUnsafeBufferPointer { rows in
      var sum: Float = 0
      for index in 0..<width { sum += unsafe rows[first * width + index] * rows[second * width + index] }
      return sum
    }
  }
}
