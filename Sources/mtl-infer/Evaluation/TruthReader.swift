import DataSets
import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks

/// Reads what a data set says of one task, and checks it.
struct TruthReader {
  let task: TaskDescription
  /// Classes, labels or numbers that the network has.
  let count: Int
  /// The data set's name for it.
  let name: String

  /// Finds the data set's name for a task: its own, else the usual one of its kind.
  static func name(for task: TaskDescription, among names: Set<String>) -> String? {
    let usual: [String] =
      switch task.kind {
      case .segmentation: ["label", "seg", "segmentation", "semseg"]
      case .partSegmentation: ["part", "part_seg", "human_parts"]
      case .depth: ["depth"]
      case .disparity: ["disp", "disparity", "depth"]
      case .normals: ["normal", "normals"]
      case .saliency: ["sal", "saliency"]
      case .edges: ["edge", "edges"]
      case .detection: ["objects"]
      case .keyPoints: ["key_points"]
      default: []
      }
    return ([task.name] + usual).first { names.contains($0) }
  }

  func read(_ truth: DataSet.Truth, _ frames: TruthFrames) throws(MTLError) -> TaskTruth {
    switch (task.kind, truth) {
    case (.classification, .index(let index)), (.ordinal, .index(let index)):
      return .label(try checked(index, "\(index)"))
    case (.classification, .text(let text)), (.ordinal, .text(let text)): return .label(try label(text))
    case (.classification, .named(let text, let index, let count)), (.ordinal, .named(let text, let index, let count)):
      return .label(try label(text, orIndex: index, among: count))
    case (.multiLabel, .named(let text, let index, let count)) where self.count == 1 && count == 2:
      // One label of two classes: whether it is this one.
      guard let own = task.labels.first else { return .labels([index == 1]) }
      return .labels([own.lowercased() == text.lowercased()])
    case (.classification, .quantity(let number, let index, let count)),
      (.ordinal, .quantity(let number, let index, let count)):
      return .label(try label(of: number, orIndex: index, among: count))
    case (.regression, .quantity(let number, _, _)) where self.count == 1: return .numbers([number])
    case (.multiLabel, .text(let text)): return .labels(try labels(text))
    case (.regression, .index(let index)) where count == 1: return .numbers([Double(index)])
    case (.regression, .text(let text)): return .numbers(try numbers(text))
    case (.detection, .objects(let all)), (.keyPoints, .objects(let all)):
      var known: [TrueObject] = []
      for annotation in all {
        if let object = try object(annotation) { known.append(object) }
      }
      return .objects(known)
    case (_, .map(let path)):
      let map = try TruthMap(path: path)
      return try read(map, frames.frame(map.width, map.height, of: path))
    default: throw wrong("what a task of kind \(task.kind.rawValue) is measured by", "something else")
    }
  }

  private func wrong(_ expected: String, _ found: String) -> MTLError {
    MTLError(.badFormat, "'\(name)'", expected: expected, found: found)
  }

  private func checked(_ index: Int, _ text: String) throws(MTLError) -> Int {
    guard (0..<count).contains(index) else { throw wrong("a class of 0 to \(count - 1)", text) }
    return index
  }

  private func label(_ text: String) throws(MTLError) -> Int {
    if let index = task.labels.firstIndex(of: text) { return index }
    guard let index = Int(text) else {
      let known = task.labels.isEmpty ? "" : ", or one of \(task.labels.joined(separator: ", "))"
      throw wrong("a class of 0 to \(count - 1)\(known)", "'\(text)'")
    }
    return try checked(index, text)
  }

  /// By name, whatever its case; by index where the network has as many classes and no names.
  private func label(_ text: String, orIndex index: Int, among count: Int) throws(MTLError) -> Int {
    if let own = task.labels.firstIndex(where: { $0.lowercased() == text.lowercased() }) { return own }
    guard task.labels.isEmpty, self.count == count else {
      let own = task.labels.isEmpty ? "\(self.count) classes without names" : task.labels.joined(separator: ", ")
      throw wrong("one of the network's classes, \(own)", "'\(text)'")
    }
    return index
  }

  /// The class whose name is a range that a number lies in, such as "20-29" or "70+".
  private func label(of number: Double, orIndex index: Int, among count: Int) throws(MTLError) -> Int {
    let own = task.labels.firstIndex { label in
      if label.hasSuffix("+") { return Double(label.dropLast()).map { number >= $0 } ?? false }
      let ends = label.split(separator: "-").map { Double($0) }
      guard ends.count == 2, let low = ends[0], let high = ends[1] else { return false }
      return number >= low && number < high + 1
    }
    if let own { return own }
    guard task.labels.isEmpty, self.count == count else {
      let known = task.labels.isEmpty ? "\(self.count) classes without names" : task.labels.joined(separator: ", ")
      throw wrong("a number in one of the network's classes, \(known)", "\(number)")
    }
    return index
  }

  /// What stands between semicolons, without spaces around it.
  private func parts(_ text: String) -> [String] {
    text.split(separator: ";").map { String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
  }

  private func labels(_ text: String) throws(MTLError) -> [Bool] {
    var holds = [Bool](repeating: false, count: count)
    for part in parts(text) where part != "none" { holds[try label(part)] = true }
    return holds
  }

  private func numbers(_ text: String) throws(MTLError) -> [Double] {
    let found = parts(text)
    let numbers = found.compactMap { Double($0) }.filter(\.isFinite)
    guard numbers.count == found.count, numbers.count == count else {
      throw wrong(count == 1 ? "a number" : "\(count) numbers with semicolons between", "'\(text)'")
    }
    return numbers
  }

  /// The network's class for an object: by name, or, where the network has no names, by the order of the categories' ids.
  private func index(_ annotation: ObjectAnnotation) -> Int? {
    if task.kind == .keyPoints { return 0 }
    guard task.labels.isEmpty else { return task.labels.firstIndex(of: annotation.category) }
    return annotation.categoryIndex < count ? annotation.categoryIndex : nil
  }

  /// nil for an object of a category that the network does not know.
  private func object(_ annotation: ObjectAnnotation) throws(MTLError) -> TrueObject? {
    guard let index = index(annotation) else { return nil }
    let points = stride(from: 0, to: annotation.keyPoints.count, by: 3).map { place in
      TrueObject.KeyPoint(
        x: annotation.keyPoints[place], y: annotation.keyPoints[place + 1],
        isLabelled: annotation.keyPoints[place + 2] > 0)
    }
    guard task.kind == .detection || points.count == count else {
      throw wrong("\(count) key points", "\(points.count)")
    }
    return TrueObject(
      index: index, box: (annotation.left, annotation.top, annotation.width, annotation.height), area: annotation.area,
      isCrowd: annotation.isCrowd, keyPoints: points)
  }

  private func read(_ map: TruthMap, _ frame: PictureFrame) throws(MTLError) -> TaskTruth {
    let convention = task.convention
    switch task.kind {
    case .segmentation, .partSegmentation:
      return .labelMap(try map.labels(below: max(count, 2), invalid: convention.invalid), frame: frame)
    case .depth, .disparity:
      return .map(
        try map.distances(scale: convention.truthScale, unit: task.unit, invalid: convention.invalid), frame: frame)
    case .normals: return .map(try map.directions(invalid: convention.invalid), frame: frame)
    case .saliency, .edges: return .mask(try map.mask(invalid: convention.invalid), frame: frame)
    default: throw wrong("what a task of kind \(task.kind.rawValue) is measured by", "a map")
    }
  }
}

extension TruthReader {
  /// What a user should know of how a data set fits the task; nil where there is nothing.
  func note(_ set: DataSet) throws(MTLError) -> String? {
    let sigmas = task.convention.sigmas.count
    guard task.kind != .keyPoints || sigmas == 0 || sigmas == count else {
      throw MTLError(.badFormat, "task '\(task.name)'", expected: "\(count) sigmas", found: "\(sigmas)")
    }
    guard task.kind == .detection else { return nil }
    guard !task.labels.isEmpty || set.categories.count == count else {
      throw MTLError(
        .badFormat, "task '\(task.name)'",
        expected: "\(count) categories, one for each of its classes, which have no names",
        found: "\(set.categories.count)")
    }
    var (known, unknown) = (Set<String>(), Set<String>())
    for sample in set.samples {
      guard case .objects(let all) = sample.truths[name] else { continue }
      for annotation in all {
        if index(annotation) == nil { unknown.insert(annotation.category) } else { known.insert(annotation.category) }
      }
    }
    guard !unknown.isEmpty else { return nil }
    let names = unknown.sorted().joined(separator: ", ")
    guard !known.isEmpty else {
      throw MTLError(
        .badFormat, "task '\(task.name)'",
        expected: "a category of \(task.labels.joined(separator: ", "))",
        found: names)
    }
    return "task '\(task.name)': objects of categories that the model does not know are left out: \(names)"
  }
}
