import MTLGraph

/// Pictures whose names say what they show.
struct FileNameLayout: Sendable {
  private let description: String
  private let truths: @Sendable (Substring) -> [String: DataSet.Truth]?

  /// `[age]_[gender]_[race]_[date].jpg`. For networks that do not name their classes the age is by decades up to "60 and
  /// above", as in the UTKFace experiment of DGR (arXiv 2409.16651).
  static let utkface = FileNameLayout(description: "UTKFace's file names") { name in
    let parts = name.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count >= 4, let age = Int(parts[0]), let gender = Int(parts[1]), let race = Int(parts[2]), age >= 0,
      (0...1).contains(gender), (0...4).contains(race)
    else { return nil }
    let origin = DataSet.Truth.named(races[race], index: race, count: races.count)
    return [
      "age": .quantity(Double(age), index: min(age / 10, 6), count: 7),
      "gender": .named(["male", "female"][gender], index: gender, count: 2), "ethnicity": origin, "race": origin,
    ]
  }

  private static let races = ["White", "Black", "Asian", "Indian", "Others"]

  /// `..._3L.png`: how many fingers of which hand. The right hand is class 0, as the published heads have it.
  static let fingers = FileNameLayout(description: "Fingers' file names") { name in
    guard let end = name.split(separator: "_").last, end.utf8.count == 2, let count = Int(end.prefix(1)),
      (0...5).contains(count), end.hasSuffix("L") || end.hasSuffix("R")
    else { return nil }
    return ["hand": .index(end.hasSuffix("L") ? 1 : 0), "count": .index(count)]
  }

  /// The pictures of a folder, if the names of all of them, but for one in ten, are of this kind; the others are kept
  /// without truths, so that they are reported.
  func open(_ folder: Folder) -> DataSet? {
    let samples = folder.files(Folder.pictureEndings).map { name in
      let stem = name.prefix(while: { $0 != "." })
      return DataSet.Sample(name: name, input: .picture(path: folder.path(of: name)), truths: truths(stem) ?? [:])
    }
    let known = samples.count { !$0.truths.isEmpty }
    guard known > 0, known * 10 >= samples.count * 9 else { return nil }
    return DataSet(layout: description, samples: samples)
  }

  private init(description: String, _ truths: @escaping @Sendable (Substring) -> [String: DataSet.Truth]?) {
    (self.description, self.truths) = (description, truths)
  }
}
