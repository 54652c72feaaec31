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
      """)

  @Argument(help: "Folder with a model.json, a model.json, a checkpoint, or an ONNX file.")
  var model: String

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("The file to write.", valueName: "file.mtl"))
  var output: String

  @Option(help: ArgumentHelp("Recipe of a bare checkpoint, as 'mtl-infer networks' lists them.", valueName: "name"))
  var network: String?

  @Flag(help: "Print JSON instead of text.")
  var json = false

  private struct Report: Encodable {
    let output: String
    let bytes: Int
    let network: String
    let tasks: [String]
  }

  func run() throws {
    try reporting {
      try Model.open(path: model, network: network).save(to: output)
      // What was written is read again before it is called done.
      let written = try Model.open(path: output)
      let report = Report(
        output: output, bytes: written.fileByteCount, network: written.networkName, tasks: written.tasks.map(\.name))
      if json { return try printJSON(report) }
      try writeLine(
        "wrote \(output): \(report.bytes) bytes, \(report.tasks.count == 1 ? "task" : "tasks") "
          + report.tasks.joined(separator: ", "))
    }
  }
}
