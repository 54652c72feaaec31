import ArgumentParser
import MTLGraph
import MTLInfer

/// `mtl-infer inspect`: what a model is made of.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show tasks, shapes, parameters and multiply-accumulates of a model.")

  @OptionGroup var options: ModelOptions

  @Flag(help: "Also show each step of the plan: node, part of the network, kernel.")
  var plan = false

  @Flag(help: "Write a model.json beside an ONNX file, to say what its outputs mean.")
  var writeCard = false

  @Flag(help: "Print JSON instead of text.")
  var json = false

  func run() throws {
    try reporting {
      let model = try options.openModel()
      let session = try options.session(for: model)
      let report = try ModelReport(model, session, hasPlan: plan)
      if writeCard { try CardFile.write(for: model, beside: options.model) }
      if json { try printJSON(report) } else { try writeLine(report.text) }
    }
  }
}
