import FoundationEssentials
import MTLGraph
import MTLInfer

/// The `model.json` that `inspect --write-card` leaves, with everything in it that can be edited.
enum CardFile {
  /// Writes it into the file's folder; a `model.json` that is there stays as it is.
  static func write(for model: Model, beside file: String) throws {
    guard model.holdsGraph else {
      throw MTLError(
        .invalidArgument, "--write-card", "is for files that hold a graph; recipes and cards say what their tasks are")
    }
    let name = PictureList.fileName(file)
    let path = String(file.dropLast(name.count)) + "model.json"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw MTLError(.inputOutput, path, "is there already", systemErrorNumber: 17)
    }
    try writeFile(model.card(weights: name).text(isIndented: true) + [0x0A], to: path)
    warn("wrote \(path)")
  }
}
