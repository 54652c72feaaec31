import ArgumentParser

/// The command line: a thin layer over the Swift API, and the only part of the project that knows image files.
@main
struct MTLInferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mtl-infer",
    abstract: "Runs multitask vision networks: one encoder pass, then every task head.",
    discussion: """
      MODEL is a folder with a model.json, a model.json, a trained checkpoint (PyTorch .pt/.pth, safetensors), an ONNX
      file, or what compile wrote. A checkpoint needs --network NAME where the recipe cannot be told from its keys.

      Exit status: 0 done, 64 wrong usage, 65 bad input data, 70 a fault of mtl-infer, 74 input or output failed.
      """,
    version: "0.1.0",
    subcommands: [
      RunCommand.self, InspectCommand.self, CompileCommand.self, BenchCommand.self, EvalCommand.self,
      CompareCommand.self, EmbedCommand.self,
      ProbeCommand.self, NetworksCommand.self,
    ])
}
