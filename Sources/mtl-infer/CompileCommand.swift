import ArgumentParser
import MTLGraph
import MTLInfer

/// `mtl-infer compile`: a model of any kind to the library's own file.
struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile", abstract: "Write a model as one file that opens at once and needs no other.",
    discussion: """
      The file is a safetensors file whose metadata holds the tasks and, for ONNX models, the graph. Its tensors are used
      where they are mapped, and its outputs are the model's own to the last bit.

      With --precision int8 the file runs in bytes. What the pictures of --calibrate make of each value decides how it is
      rounded: a few dozen like those that the model will see are enough.
      """)

  @Argument(help: "Folder with a model.json, a model.json, a checkpoint, or an ONNX file.")
  var model: String

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("The file to write.", valueName: "file.mtl"))
  var output: String

  @Option(help: ArgumentHelp("Recipe of a bare checkpoint, as 'mtl-infer networks' lists them.", valueName: "name"))
  var network: String?

  @Option(
    help: ArgumentHelp(
      "What the file is to compute with; what the model does if left out. int8 needs --calibrate.",
      valueName: "fp32|int8"))
  var precision: Precision?

  @Option(
    help: ArgumentHelp(
      "Pictures to calibrate int8 with: a folder, or an array of N x C x H x W numbers that are prepared already.",
      valueName: "dir|file.npy"))
  var calibrate: String?

  @Option(help: ArgumentHelp("Pictures to calibrate with at most, spread over all; all if left out.", valueName: "n"))
  var pictures: Int?

  @Option(help: ArgumentHelp("Threads to use; every processor this process may use if left out.", valueName: "n"))
  var threads: Int?

  @Flag(help: "Print JSON instead of text.")
  var json = false

  private struct Report: Encodable {
    let output: String
    let bytes: Int
    let network: String
    let tasks: [String]
    let precision: String
    let quantization: ModelReport.Quantization?
  }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
    if let pictures, pictures < 1 { throw ValidationError("--pictures must be at least 1, not \(pictures).") }
    if precision == .int8, calibrate == nil {
      throw ValidationError("--precision int8 needs --calibrate DIR or FILE.npy.")
    }
    if calibrate != nil, precision != .int8 { throw ValidationError("--calibrate is for --precision int8.") }
    if pictures != nil, calibrate == nil { throw ValidationError("--pictures is for --calibrate.") }
  }

  func run() throws {
    try reporting {
      try opened().save(to: output)
      // What was written is read again before it is called done.
      let written = try Model.open(path: output)
      let report = Report(
        output: output, bytes: written.fileByteCount, network: written.networkName, tasks: written.tasks.map(\.name),
        precision: written.precision.rawValue, quantization: try ModelReport.Quantization(written))
      if json { return try printJSON(report) }
      try writeLine(
        "wrote \(output): \(report.bytes) bytes, \(report.tasks.count == 1 ? "task" : "tasks") "
          + report.tasks.joined(separator: ", ") + (report.quantization.map { "; \($0.text)" } ?? ""))
    }
  }

  /// The model as it is to be written.
  private func opened() throws(MTLError) -> Model {
    guard let calibrate else { return try Model.open(path: model, network: network, precision: precision) }
    let floats = try Model.open(path: model, network: network, precision: .float32)
    let runtime = try Runtime(threads: threads ?? 0)
    let session = try InferenceSession(floats, runtime: runtime)
    let inputs = try CalibrationInputs(calibrate, limit: pictures, session: session)
    var bar: ProgressBar?
    defer { bar?.clear() }
    return try floats.quantized(inputCount: inputs.count, runtime: runtime, inputs: inputs.input) { done, total in
      if bar == nil { bar = ProgressBar(total: total) }
      bar?.update(done)
    }
  }
}
