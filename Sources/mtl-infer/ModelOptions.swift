import ArgumentParser
import MTLEngine
import MTLGraph
import MTLInfer

/// How pages of text are seen.
struct PageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Height of small letters of pages, for models that look at text of one height; estimated if left out.",
      valueName: "pixels"))
  var textHeight: Double?

  func validate() throws {
    if let textHeight, !(textHeight >= 1 && textHeight <= 32768) {
      throw ValidationError("--text-height must be 1 to 32768, not \(textHeight).")
    }
  }
}

/// The arguments that say which model, and how it runs; the same in every command.
struct ModelOptions: ParsableArguments {
  @Argument(help: "Folder with a model.json, a model.json, a checkpoint, an ONNX file, or what compile wrote.")
  var model: String

  @Option(help: ArgumentHelp("Recipe of a bare checkpoint, as 'mtl-infer networks' lists them.", valueName: "name"))
  var network: String?

  @Option(help: ArgumentHelp("Tasks to run, separated by commas; all if left out.", valueName: "a,b"))
  var tasks: String?

  @Option(help: ArgumentHelp("Threads to use; every processor this process may use if left out.", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      """
      What to compute with: fp32, bf16 where the processor has instructions for it, or int8 for a file that compile made \
      so; what the file is made for if left out.
      """,
      valueName: "fp32|bf16|int8"))
  var precision: Precision?

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads).") }
    do {
      try InstructionSet.checkEnvironment()
    } catch {
      throw ValidationError("\(error.description).")
    }
  }

  func openModel() throws(MTLError) -> Model {
    try Model.open(path: model, network: network, precision: precision)
  }

  /// A session with threads of its own number, for the tasks asked for.
  func session(for model: Model) throws(MTLError) -> InferenceSession {
    var options = InferenceSession.Options()
    if let tasks {
      var indices: [Int] = []
      for name in tasks.split(separator: ",", omittingEmptySubsequences: false) {
        indices.append(try model.taskIndex(String(name)))
      }
      options.tasks = indices
    }
    return try InferenceSession(model, runtime: Runtime(threads: threads ?? 0), options: options)
  }
}

extension Precision: ExpressibleByArgument {}
