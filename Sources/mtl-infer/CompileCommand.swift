import ArgumentParser
import MTLGraph
import MTLInfer
import MTLTasks

/// `mtl-infer compile`: a model of any kind to the library's own file.
struct CompileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile", abstract: "Write a model as one file that opens at once and needs no other.",
    discussion: """
      The file is a safetensors file whose metadata holds the tasks and, for ONNX models, the graph. Its tensors are used
      where they are mapped, and its outputs are the model's own to the last bit.

      With --precision int8 the file runs in bytes. What the pictures of --calibrate make of each value decides how it is
      rounded: a few dozen like those that the model will see are enough. With --precision auto the layers that would
      take a task beyond its budget stay in bf16, or in fp32 where that is not enough; a table shows what each layer in
      bytes costs each task. --precision bf16 needs no pictures.
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
      "What the file is to compute with; what the model does if left out. int8 and auto need --calibrate.",
      valueName: "fp32|bf16|int8|auto"))
  var precision: Choice?

  @Option(
    help: ArgumentHelp(
      "Pictures to calibrate int8 with: a folder, or an array of N x C x H x W numbers that are prepared already.",
      valueName: "dir|file.npy"))
  var calibrate: String?

  @Option(help: ArgumentHelp("Pictures to calibrate with at most, spread over all; all if left out.", valueName: "n"))
  var pictures: Int?

  @Option(
    help: ArgumentHelp(
      """
      What tasks may lose with --precision auto against the answers in floats: points of probability, or of pixels whose \
      class changes; degrees of normals; percent of other numbers. 1 where nothing is said.
      """,
      valueName: "task=number,..."))
  var budget: String?

  @Option(help: ArgumentHelp("Threads to use; every processor this process may use if left out.", valueName: "n"))
  var threads: Int?

  @Flag(help: "Print JSON instead of text.")
  var json = false

  enum Choice: String, ExpressibleByArgument, CaseIterable {
    case fp32, bf16, int8, auto
  }

  private struct Report: Encodable {
    let output: String
    let bytes: Int
    let network: String
    let tasks: [String]
    let precision: String
    let quantization: ModelReport.Quantization?
    let search: SearchReport?
  }

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
    if let pictures, pictures < 1 { throw ValidationError("--pictures must be at least 1, not \(pictures).") }
    let isQuantizing = precision == .int8 || precision == .auto
    if let precision, isQuantizing, calibrate == nil {
      throw ValidationError("--precision \(precision) needs --calibrate DIR or FILE.npy.")
    }
    if calibrate != nil, !isQuantizing { throw ValidationError("--calibrate is for --precision int8 and auto.") }
    if budget != nil, precision != .auto { throw ValidationError("--budget is for --precision auto.") }
    if pictures != nil, calibrate == nil { throw ValidationError("--pictures is for --calibrate.") }
  }

  func run() throws {
    try reporting {
      let (opened, search) = try opened()
      try opened.save(to: output)
      // What was written is read again before it is called done.
      let written = try Model.open(path: output)
      let report = Report(
        output: output, bytes: written.fileByteCount, network: written.networkName, tasks: written.tasks.map(\.name),
        precision: written.precision.rawValue, quantization: try ModelReport.Quantization(written), search: search)
      if json { return try printJSON(report) }
      if let search { try writeLine(search.text + "\n") }
      try writeLine(
        "wrote \(output): \(report.bytes) bytes, \(report.tasks.count == 1 ? "task" : "tasks") "
          + report.tasks.joined(separator: ", ") + (report.quantization.map { "; \($0.text)" } ?? ""))
    }
  }

  /// The model as it is to be written.
  private func opened() throws(MTLError) -> (model: Model, search: SearchReport?) {
    guard let calibrate else {
      let precision = precision.flatMap { Precision(rawValue: $0.rawValue) }
      return (try Model.open(path: model, network: network, precision: precision), nil)
    }
    let floats = try Model.open(path: model, network: network, precision: .float32)
    let budgets = try SearchReport.budgets(budget, of: floats)
    let runtime = try Runtime(threads: threads ?? 0)
    let session = try InferenceSession(floats, runtime: runtime)
    let inputs = try CalibrationInputs(calibrate, limit: pictures, session: session)
    var (bar, barTotal) = (ProgressBar(total: 0), 0)
    defer { bar.clear() }
    func show(_ done: Int, _ total: Int) {
      if total != barTotal { (bar, barTotal) = (ProgressBar(total: total), total) }
      bar.update(done)
    }
    guard precision == .auto else {
      return (
        try floats.quantized(inputCount: inputs.count, runtime: runtime, inputs: inputs.input, progress: show), nil
      )
    }
    let (model, outcome) = try floats.quantized(
      inputCount: inputs.count, budgets: budgets, runtime: runtime, inputs: inputs.input, progress: show)
    return (model, SearchReport(outcome, budgets, model))
  }
}
