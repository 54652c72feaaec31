import ArgumentParser
import ImageFiles
import MTLFormats
import MTLGraph
import MTLInfer

/// `mtl-infer embed`: the shared representation of pictures, for a projection or a probe.
struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed", abstract: "Write what the encoder makes of pictures, one row of numbers for each.",
    discussion: """
      The representation is what all tasks of the model share; maps are averaged over their pixels. FILE.npy has a row for
      each picture, FILE.npy.txt the pictures' paths in the same order, for t-SNE, UMAP or 'mtl-infer probe'.
      """)

  @OptionGroup var options: ModelOptions

  @Argument(help: "Pictures (JPEG, PNG, WebP), folders of them, or patterns.")
  var images: [String]

  @Option(name: .customLong("out"), help: ArgumentHelp("Array of pictures x numbers.", valueName: "file.npy"))
  var output: String

  @OptionGroup var pages: PageOptions

  func run() throws {
    try reporting {
      let paths = try PictureList.expand(images)
      try checkWritable(output)
      let encoder = try options.openModel().encoder()
      let session = try options.session(for: encoder)
      var progress = ProgressBar(total: paths.count)
      var rows: [Float] = []
      var kept: [String] = []
      var status: ExitCode?
      for (index, path) in paths.enumerated() {
        do throws(MTLError) {
          rows += try represent(path, session)
          kept.append(path)
        } catch {
          progress.clear()
          warn("\(path): \(error.description)")
          status =
            status ?? (ExitStatus.of(error.kind) == ExitStatus.usage ? ExitStatus.badData : ExitStatus.of(error.kind))
        }
        progress.update(index + 1)
      }
      progress.clear()
      guard !kept.isEmpty else { throw status ?? ExitStatus.badData }
      let tensor = Tensor(rows, shape: [kept.count, rows.count / kept.count])
      try writeFile(NumpyFile.write(tensor), to: output)
      try writeFile(Array(kept.map { $0 + "\n" }.joined().utf8), to: output + ".txt")
      try writeLine("\(output) \(tensor.shape)")
      if let status { throw status }
    }
  }

  /// One picture's numbers: an average for each channel.
  private func represent(_ path: String, _ session: InferenceSession) throws(MTLError) -> [Float] {
    let image = try ImageFile.read(path: path)
    let result = try PictureRun(image, session, textHeight: pages.textHeight).result
    defer { result.recycle() }
    guard let tensor = result.tensor(task: 0) else { throw MTLError(.internalFault, path, "gave no representation") }
    let values = try tensor.floats()
    let channels = tensor.shape.rank > 1 ? tensor.shape[1] : values.count
    let each = values.count / max(channels, 1)
    guard each > 1 else { return values }
    return (0..<channels).map { channel in
      Float(values[channel * each..<(channel + 1) * each].reduce(0.0) { $0 + Double($1) } / Double(each))
    }
  }
}
