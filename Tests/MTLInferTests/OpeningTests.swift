import Glibc
import MTLFormats
import MTLGraph
import MTLInfer
import TestSupport
import Testing

@Suite("Opening models")
struct OpeningTests {
  private let folder = TemporaryFolder()
  private let checkpoint = Fixtures.fingers + "/best.pt"

  private func error(_ path: String, network: String? = nil, card: String? = nil) -> MTLError? {
    failure { () throws(MTLError) in try Model.open(path: path, network: network, card: card) }
  }

  @Test func everyWayToOpenTheSameModel() throws {
    let card = try #require(MappedFile.open(path: Fixtures.fingers + "/model.json").utf8)
    let models = [
      try Model.open(path: Fixtures.fingers), try Model.open(path: Fixtures.fingers + "/"),
      try Model.open(path: Fixtures.fingers + "/model.json"), try Model.open(path: checkpoint, card: card, copy: true),
      try Model.open(path: checkpoint), try Model.open(path: checkpoint, network: "fingers"),
      try Model.open(bytes: MappedFile.open(path: checkpoint)),
    ]
    for model in models {
      #expect(model.networkName == "fingers" && model.format == "PyTorch zip checkpoint")
      #expect(model.tasks.map(\.name) == ["hand", "count"] && model.ignoredKeys.isEmpty)
      #expect(model.totalCost.parameters == 2_365_556)
    }
    #expect(models.prefix(4).allSatisfy { $0.description.hasPrefix("Which hand") })
  }

  @Test func missingFiles() {
    let missing = error("/nowhere/model")
    #expect(
      missing?.kind == .inputOutput && missing?.systemErrorNumber == ENOENT && missing?.subject == "/nowhere/model")
    #expect(error("")?.kind == .invalidArgument)
    let bare = error(folder.path)
    #expect(bare?.kind == .inputOutput && bare?.subject == folder.path + "/model.json")
  }

  @Test func filesThatAreNoModel() {
    for (name, text) in [
      ("empty", ""), ("text", "hello"), ("brace", "{"), ("json", "{\"format\": }"), ("other", "{\"a\": 1}"),
      ("array", "[1]"), ("zeros", String(repeating: "\0", count: 100)), ("spaces", "   \n"),
    ] {
      let path = folder.write(name, text)
      let refusal = name == "array" ? MTLError.Kind.unsupported : .badFormat
      #expect(error(path)?.kind == refusal, "\(name): \(String(describing: error(path)))")
      #expect(error(path)?.subject.hasPrefix(path) == true)
    }
    let image = error(Fixtures.fingers + "/samples/00000000_0R.png")
    #expect(image?.kind == .badFormat && image?.problem.contains("of an unknown kind") == true)
    #expect(error("/dev/null")?.problem == "expected a regular file, found a device, pipe or socket")
  }

  @Test func checkpointsOfSomethingElse() throws {
    let other = Checkpoint(shapes: ["layer.weight": [2, 2], "layer.bias": [2]])
    let path = folder.write("other.safetensors", other.file)
    #expect(error(path)?.kind == .checkpointMismatch)
    #expect(error(path)?.problem.contains("Its first keys are layer.weight, layer.bias") == true)
    #expect(error(path, network: "fingers")?.problem.contains("missing: encoder.0.weight (48x1x11x11)") == true)
    #expect(error(checkpoint, network: "libmtl-fingers")?.problem.contains("It fits the recipe 'fingers'") == true)
    #expect(error(checkpoint, network: "resnet")?.kind == .notFound)
    #expect(error(path, card: "{")?.kind == .badFormat)
    #expect(error(Fixtures.fingers, network: "fingers")?.kind == .invalidArgument)
    #expect(error(checkpoint, network: "fingers", card: "{}")?.kind == .invalidArgument)
  }

  @Test func sectionsOfCheckpointsAreRead() throws {
    let parts = Fixtures.folder + "/checkpoints/parts.pt"
    func card(_ section: String) -> String {
      #"{"format": 1, "section": \#(section), "weights": "w.pt", "input": {"width": 4, "height": 4}, "network": "#
        + #"{"encoder": [{"block": "conv", "key": "0", "norm": "1"}], "heads": {"t": []}}}"#
    }
    #expect(unsafe symlink(parts, folder.path + "/w.pt") == 0)
    _ = folder.write("model.json", card(#""trunk""#))
    #expect(try Model.open(path: folder.path).outputShapes == [[1, 4, 2, 2]])
    #expect(try Model.open(path: parts, card: card(#""trunk""#)).totalCost.parameters == 4 * 27 + 8)
    #expect(error(parts, card: card("null"))?.problem.contains("missing: 0.weight") == true)
    let none = error(parts, card: card(#""trnk""#))
    #expect(none?.description.hasPrefix("section 'trnk': expected one of 'trunk', 'heads'") == true)
    let bare = folder.write("bare.safetensors", Checkpoint(shapes: ["a": [1]]).file)
    #expect(error(bare, card: card(#""a""#))?.problem.hasPrefix("has no section 'a': a safetensors file") == true)
  }

  @Test func truncatedCheckpoints() throws {
    let whole = [UInt8](try MappedFile.open(path: checkpoint))
    var places = noise(seed: 9, count: 600)
    for _ in 0..<200 {
      let bytes = places.suffix(3).reduce(0) { $0 << 8 | Int($1) }
      places.removeLast(3)
      let length = 1 + bytes % (whole.count - 1)
      let error = failure { () throws(MTLError) in
        try Model.open(bytes: Bytes(copying: Array(whole[..<length])), network: "fingers")
      }
      #expect(error?.kind == .badFormat, "\(length): \(String(describing: error))")
    }
  }

  private static func card(_ weights: String) -> String {
    #"{"format": 1, "network": {"recipe": "fingers"}, "weights": "\#(weights)"}"#
  }

  @Test(arguments: ["../best.pt", "a/../../best.pt", "..", "/etc/passwd", "//best.pt", "a/.."])
  func weightsStayBelowTheFolder(_ weights: String) {
    let path = folder.write("model.json", Self.card(weights))
    #expect(error(path)?.kind == .badFormat)
    #expect(error(path)?.problem == "'\(weights)' leads out of the model's folder")
    #expect(error(folder.path)?.kind == .badFormat)
  }

  @Test func weightsThatAreNotThere() {
    let path = folder.write("model.json", Self.card("best.pt"))
    #expect(error(path)?.systemErrorNumber == ENOENT)
    #expect(error(path)?.subject == folder.path + "/best.pt")
    _ = folder.write("model.json", #"{"format": 1, "network": {"recipe": "fingers"}}"#)
    #expect(error(path)?.problem == "has no field 'weights'")
    _ = folder.write("model.json", Self.card("model.json"))
    #expect(error(path)?.problem.contains("found a JSON text") == true)
    _ = folder.write("model.json", Self.card(""))
    #expect(error(path)?.problem == "has no field 'weights'")
    _ = folder.write("model.json", Self.card("."))
    #expect(error(path)?.kind == .badFormat)
    _ = folder.write("model.json", Self.card(#"a\u0000b"#))
    #expect(error(path) == MTLError(.badFormat, "\(path): weights", "the name has a zero byte"))
  }

  /// Only what the caller names himself can be wrong usage.
  @Test(arguments: [
    (#""network": {"recipe": "resnet"}"#, "recipe 'resnet': is not known"),
    (#""network": {"recipe": "fingers"}, "tasks": [{"name": "depth"}]"#, "task 'depth': the network has no such head"),
    (#""network": {"recipe": "fingers"}, "tasks": [{"name": "a", "prefix": "b"}]"#, "task 'a' with prefix 'b'"),
    (#""network": {"recipe": "fingers"}, "section": "s""#, "section 's'"),
  ])
  func faultsOfADescriptionAreBadData(_ fields: String, _ words: String) {
    let card = #"{"format": 1, "weights": "w.pt", \#(fields)}"#
    #expect(unsafe symlink(checkpoint, folder.path + "/w.pt") == 0)
    let path = folder.write("model.json", card)
    for error in [error(path), error(checkpoint, card: card)] {
      #expect(error?.kind == .badFormat && error?.description.hasPrefix(words) == true, "\(String(describing: error))")
    }
  }

  @Test func linksInACircle() {
    #expect(unsafe symlink(folder.path + "/b", folder.path + "/a") == 0)
    #expect(unsafe symlink(folder.path + "/a", folder.path + "/b") == 0)
    #expect(error(folder.path + "/a")?.systemErrorNumber == ELOOP)
    _ = folder.write("model.json", Self.card("a"))
    #expect(error(folder.path)?.systemErrorNumber == ELOOP)
  }

  @Test func modelsBesideTheirWeights() throws {
    #expect(unsafe symlink(checkpoint, folder.path + "/w.pt") == 0)
    _ = folder.write("model.json", "\n \t" + Self.card("w.pt"))
    #expect(try Model.open(path: folder.path).tasks.count == 2)
    _ = folder.write("model.json", "\u{FEFF}" + Self.card("w.pt"))
    #expect(try Model.open(path: folder.path).tasks.count == 2)
    #expect(try Model.open(path: folder.path + "/model.json", copy: true).tasks.count == 2)
  }
}
