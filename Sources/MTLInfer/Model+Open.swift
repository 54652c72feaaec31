import Glibc
import MTLFormats
import MTLGraph
import MTLNetworks

extension Model {
  /// Opens a folder with a `model.json`, a `model.json`, or a checkpoint.
  ///
  /// - Parameters:
  ///   - network: the recipe of a bare checkpoint. Without it, a checkpoint that fits a recipe exactly is taken for it.
  ///   - card: text of a `model.json` to use for a bare checkpoint; its "weights" is not read.
  ///   - copy: read the weights into memory instead of mapping the file, which then may change or go away.
  ///   - precision: what to compute with; nil is what the file is made for.
  public static func open(
    path: String, network: String? = nil, card: String? = nil, copy: Bool = false, precision: Precision? = nil
  ) throws(MTLError) -> Model {
    let file = isFolder(path) ? path + "/model.json" : path
    let bytes = try MappedFile.open(path: file, copy: copy)
    if OnnxModel.recognizes(bytes), network == nil, card == nil {
      return try open(
        onnx: bytes, name: file, card: Model.card(of: file), folder: folder(of: file), copy: copy, precision: precision)
    }
    guard isCard(bytes) else {
      return try open(bytes: bytes, name: file, network: network, card: card, precision: precision)
    }
    guard network == nil, card == nil else {
      throw MTLError(.invalidArgument, file, "is a model.json, which names its network itself")
    }
    // A description is parsed once and never kept, so a copy of it costs nothing.
    let parsed = try ModelCard(parsing: MappedFile.open(path: file, copy: true), name: file)
    let weights = try MappedFile.open(path: weightsPath(parsed, beside: file), copy: copy)
    guard OnnxModel.recognizes(weights) else {
      return try open(parsed, weights: weights, name: parsed.weights ?? file, precision: precision)
    }
    return try open(
      onnx: weights, name: parsed.weights ?? file, card: parsed, folder: folder(of: file), copy: copy,
      precision: precision)
  }

  /// The `model.json` beside a file that names it; nil where there is none.
  private static func card(of file: String) throws(MTLError) -> ModelCard? {
    let path = folder(of: file) + "/model.json"
    guard let bytes = try? MappedFile.open(path: path, copy: true) else { return nil }
    guard let card = try? ModelCard(parsing: bytes, name: path) else { return nil }
    return file.hasSuffix("/" + (card.weights ?? "/")) || file == card.weights ? card : nil
  }

  /// Opens the bytes of a checkpoint; like `open(path:)` for a bare one.
  public static func open(
    bytes: Bytes, name: String = "checkpoint", network: String? = nil, card: String? = nil,
    precision: Precision? = nil
  ) throws(MTLError) -> Model {
    if OnnxModel.recognizes(bytes), network == nil, card == nil {
      return try open(onnx: bytes, name: name, card: nil, folder: nil, copy: false, precision: precision)
    }
    if let card {
      guard network == nil else {
        throw MTLError(.invalidArgument, "network", "is named in the description already")
      }
      let parsed = try ModelCard(parsing: Bytes(copying: Array(card.utf8)), name: "description")
      return try open(parsed, weights: bytes, name: name, precision: precision)
    }
    let weights = try WeightStore.read(bytes, name: name)
    if network == nil, NativeFile.card(of: weights) != nil {
      return try open(native: weights, name: name, card: nil, precision: precision)
    }
    if let network {
      // The file's own words are set aside.
      return try Model(ModelCard(recipe: network), weights: weights, precision: precision ?? .float32)
    }
    guard let fitting = LoadedNetwork.fittingRecipe(weights) else {
      throw MTLError(.checkpointMismatch, "checkpoint", LoadedNetwork.strangerProblem(weights))
    }
    return try Model(
      ModelCard(recipe: fitting), weights: weights, notes: [LoadedNetwork.guessNote(weights, taken: fitting)],
      precision: precision)
  }

  /// A recipe, head or section that a description names and that is not there is a fault of that description: the
  /// caller named none of them.
  private static func open(
    _ card: ModelCard, weights: Bytes, name: String, precision: Precision?
  ) throws(MTLError) -> Model {
    do {
      return try open(
        native: WeightStore.read(weights, name: name, section: card.section), name: name, card: card,
        precision: precision)
    } catch  where [.notFound, .invalidArgument].contains(error.kind) {
      throw MTLError(.badFormat, error.subject, error.problem)
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The folder that a file lies in.
  private static func folder(of file: String) -> String {
    guard let slash = file.lastIndex(of: "/") else { return "." }
    return slash == file.startIndex ? "/" : String(file[..<slash])
  }

  /// JSON text begins with a brace and has no zero byte; safetensors may begin with one, but has zeros behind it.
  /// Before the brace may be a byte order mark and whitespace.
  private static func isCard(_ bytes: Bytes) -> Bool {
    unsafe bytes.withUnsafeBytes { memory in
      let skipped: [UInt8] = [0xEF, 0xBB, 0xBF, 0x20, 0x09, 0x0A, 0x0D]
      let start = unsafe memory.first { !skipped.contains($0) }
      return unsafe start == UInt8(ascii: "{") && !memory.prefix(16).contains(0)
    }
  }

  /// The weights lie beside the card or below it.
  private static func weightsPath(_ card: ModelCard, beside file: String) throws(MTLError) -> String {
    guard let weights = card.weights, !weights.isEmpty else {
      throw MTLError(.badFormat, file, "has no field 'weights'")
    }
    guard !weights.utf8.contains(0) else {
      throw MTLError(.badFormat, "\(file): weights", "the name has a zero byte")
    }
    guard !weights.hasPrefix("/"), !weights.split(separator: "/").contains("..") else {
      throw MTLError(.badFormat, "\(file): weights", "'\(weights)' leads out of the model's folder")
    }
    guard let slash = file.lastIndex(of: "/") else { return weights }
    return String(file[...slash]) + weights
  }
}
