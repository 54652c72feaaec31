import ArgumentParser
import FoundationEssentials
import ImageFiles
import MTLFormats
import MTLGraph
import MTLInfer
import MTLTasks

/// `mtl-infer run`: pictures to answers, or raw tensors to raw outputs.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a model on pictures, or on raw tensors with --input.")

  @OptionGroup var options: ModelOptions

  @Argument(help: "Pictures (JPEG, PNG, WebP), folders of them, or patterns.")
  var images: [String] = []

  @Option(
    name: .customLong("input"),
    help: ArgumentHelp(
      "A raw input instead of pictures, once for each input of the model; needs --out.", valueName: "name=file.npy"))
  var inputs: [String] = []

  @Option(
    name: .customLong("out"),
    help: ArgumentHelp("Folder for pictures of the answers as .png and the raw outputs as .npy.", valueName: "dir"))
  var outputFolder: String?

  @Option(help: ArgumentHelp("Least score of an object that detection shows, 0 to 1.", valueName: "score"))
  var threshold: Float = 0.3

  @OptionGroup var pages: PageOptions

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  func validate() throws {
    if images.isEmpty == inputs.isEmpty { throw ValidationError("Give pictures, or --input NAME=FILE.npy.") }
    guard (0...1).contains(threshold) else { throw ValidationError("--threshold must be 0 to 1, not \(threshold).") }
    if !inputs.isEmpty, outputFolder == nil { throw ValidationError("--input needs --out DIR for the outputs.") }
  }

  func run() throws {
    try reporting {
      let model = try options.openModel()
      let session = try options.session(for: model)
      if inputs.isEmpty { try runPictures(session) } else { try runTensors(session) }
    }
  }

  private func runPictures(_ session: InferenceSession) throws {
    let paths = try PictureList.expand(images)
    var folder: OutputFolder?
    if let outputFolder { folder = try OutputFolder(outputFolder) }
    // The plan is made now, so that the first picture's time is not its time.
    try session.reserve(batch: 1)
    var progress = ProgressBar(total: paths.count)
    var reports: [PictureReport] = []
    var status: ExitCode?
    for (index, path) in paths.enumerated() {
      do throws(MTLError) {
        reports.append(try process(path, session, &folder))
      } catch {
        progress.clear()
        warn(error.description)
        reports.append(PictureReport(image: path, error: error.description))
        // An argument that was right for the other pictures is no wrong usage: this picture's data are bad.
        let own = ExitStatus.of(error.kind)
        status = status ?? (own == ExitStatus.usage ? ExitStatus.badData : own)
      }
      progress.update(index + 1)
    }
    progress.clear()
    if json { try printJSON(reports) } else { try printTable(reports, session) }
    let failed = reports.count { $0.error != nil }
    if failed > 0, paths.count > 1 { warn("\(failed) of \(paths.count) pictures failed") }
    if let status { throw status }
  }

  /// One picture: the answers, and the raw outputs where they are wanted.
  private func process(
    _ path: String, _ session: InferenceSession, _ folder: inout OutputFolder?
  ) throws(MTLError) -> PictureReport {
    let (report, outcome) = try PictureReport.make(path, session, above: threshold, textHeight: pages.textHeight)
    defer { outcome.result.recycle() }
    guard folder != nil else { return report }
    let name = PictureList.fileName(path)
    for task in session.tasks {
      guard let tensor = outcome.result.tensor(task: task) else { continue }
      try folder?.write(tensor, name: "\(name).\(session.model.tasks[task].name)")
    }
    for file in try outcome.pictures(session, title: name) {
      try folder?.write(file.bytes, name: "\(name).\(file.name)", ending: "png")
    }
    return report
  }

  private func runTensors(_ session: InferenceSession) throws {
    let model = session.model
    let tensors = try model.inputs.map { input in try readInput(input, model) }
    let result = try run(tensors.map(\.tensor), session, tensors.map(\.file).joined(separator: ", "))
    var folder = try OutputFolder(outputFolder ?? ".")
    var shapes: [String: [Int]] = [:]
    for task in session.tasks {
      guard let output = result.tensor(task: task) else {
        throw MTLError(.unsupported, "task '\(model.tasks[task].name)'", "its output is no tensor, and has no file")
      }
      try folder.write(output, name: model.tasks[task].name)
      shapes[model.tasks[task].name] = output.shape.dimensions
    }
    if json {
      try printJSON(shapes)
    } else {
      for task in session.tasks {
        let name = model.tasks[task].name
        try writeLine("\(name) \(Shape(shapes[name] ?? []))")
      }
    }
  }

  /// The file that an option gives for an input.
  private func readInput(_ input: ModelInput, _ model: Model) throws -> (tensor: Tensor, file: String) {
    var file: String?
    for option in inputs {
      guard let equals = option.firstIndex(of: "=") else {
        throw ValidationError(
          "--input takes NAME=FILE.npy, once for each of \(model.inputs.map(\.name).joined(separator: ", ")).")
      }
      let name = String(option[..<equals])
      guard model.inputs.contains(where: { $0.name == name }) else {
        throw MTLError(
          .notFound, "input '\(name)'",
          "the model has no such input; it has \(model.inputs.map(\.name).joined(separator: ", "))")
      }
      guard name == input.name else { continue }
      guard file == nil else { throw ValidationError("--input \(name) is given twice.") }
      file = String(option[option.index(after: equals)...])
    }
    guard let file else { throw ValidationError("--input \(input.name)=FILE.npy is missing.") }
    let bytes = try MappedFile.open(path: file)
    // Networks of recipes take float32, whatever the file has.
    let isFloat = input.type == .float32
    return (isFloat ? try NumpyFile.read(bytes, name: file) : try NumpyFile.readTyped(bytes, name: file), file)
  }

  private func run(
    _ tensors: [Tensor], _ session: InferenceSession, _ file: String
  ) throws(MTLError) -> InferenceResult {
    do {
      return try session.run(tensors: tensors)
    } catch  where error.kind == .invalidArgument {
      // An array that no run can take, such as an empty batch, is bad data and no wrong usage.
      throw MTLError(.badFormat, file, error.description)
    }
  }

  private func printTable(_ reports: [PictureReport], _ session: InferenceSession) throws(MTLError) {
    let tasks = session.tasks.map { session.model.tasks[$0].name }
    var table = TextTable(
      [("image", .left)] + tasks.map { ($0, .left) } + [("total ms", .right), ("encoder", .right)]
        + tasks.map { ($0, .right) })
    let good = reports.filter { $0.error == nil }
    for report in good {
      let answers = tasks.map { report.tasks?[$0]?.text ?? "" }
      let heads = tasks.map { Format.decimals(report.headsMs?[$0] ?? 0, 2) }
      table.add(
        [report.image] + answers + [
          Format.decimals(report.timeMs ?? 0, 2), Format.decimals(report.encoderMs ?? 0, 2),
        ] + heads)
    }
    if !good.isEmpty { try writeLine(table.text) }
    if let objects = PictureReport.objectTable(good, tasks) { try writeLine("\n" + objects) }
  }
}
