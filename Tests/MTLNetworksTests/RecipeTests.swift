import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

@Suite("Fingers, both published forms")
struct RecipeTests {
  private func published() throws(MTLError) -> Checkpoint {
    try Checkpoint(copying: WeightStore.read(MappedFile.open(path: Fixtures.fingers + "/best.pt"), name: "best.pt"))
  }

  private func network(_ recipe: String, _ checkpoint: Checkpoint) throws(MTLError) -> LoadedNetwork {
    try LoadedNetwork(ModelCard(recipe: recipe), weights: checkpoint.store())
  }

  @Test func publishedForm() throws {
    let network = try network("fingers", published())
    let costs = try network.graph.costs(for: [network.input.shape(batch: 1)])
    #expect(costs.values.reduce(0) { $0 + $1.parameters } == 2_365_556)
    #expect(costs[.encoder]?.multiplyAccumulates == 394_060_800)
    #expect(network.networkName == "fingers" && network.ignoredKeys.isEmpty)
    #expect(network.tasks.map(\.name) == ["hand", "count"] && network.tasks.allSatisfy { $0.form == .probabilities })
  }

  @Test func libMTLForm() throws {
    let network = try network("libmtl-fingers", published().libMTLFingers)
    let costs = try network.graph.costs(for: [network.input.shape(batch: 1)])
    #expect(costs.values.reduce(0) { $0 + $1.parameters } == 2_006_480)
    #expect(costs[.encoder]?.multiplyAccumulates == 394_060_800)
    let shapes = try network.graph.shapes(for: [[5, 1, 128, 128]])
    #expect(network.graph.outputs.map { shapes[$0.value] } == [[5, 2], [5, 6]])
  }

  @Test func otherFormIsSuggested() throws {
    let published = try published()
    let other = published.libMTLFingers
    let error = failure { () throws(MTLError) in try network("fingers", other) }
    #expect(
      error?.kind == .checkpointMismatch && error?.problem.hasSuffix("It fits the recipe 'libmtl-fingers'") == true)
    #expect(error?.problem.contains("missing: encoder.0.weight (48x1x11x11)") == true)
    let reverse = failure { () throws(MTLError) in try network("libmtl-fingers", published) }
    #expect(reverse?.problem.hasSuffix("It fits the recipe 'fingers'") == true)
    #expect(try LoadedNetwork.fittingRecipe(other.store()) == "libmtl-fingers")
    #expect(try LoadedNetwork.fittingRecipe(published.store()) == "fingers")
  }

  @Test func nothingIsSuggestedForStrangers() throws {
    var changed = try published()
    changed.add("encoder.20.weight", [1])
    let error = failure { () throws(MTLError) in try network("fingers", changed) }
    #expect(error?.problem.hasSuffix("1 unexpected: encoder.20.weight (1)") == true)
    #expect(try LoadedNetwork.fittingRecipe(changed.store()) == nil)
  }

  /// The single-task baseline of the same code has neither head.
  @Test func baselineIsRefused() throws {
    var baseline = try published()
    baseline.rename { $0.replacing("encoder.", with: "conv.").replacing("decoder2.", with: "fc.") }
    let error = failure { () throws(MTLError) in try network("fingers", baseline) }
    #expect(error?.kind == .checkpointMismatch && error?.problem.contains("22 missing: encoder.0.weight") == true)
  }

  @Test func unknownRecipe() throws {
    let error = failure { () throws(MTLError) in try network("figners", Checkpoint()) }
    #expect(error?.kind == .notFound)
    #expect(
      error?.description
        == "recipe 'figners': is not known; nearest: 'fingers'; 'mtl-infer networks' lists all")
    let far = failure { () throws(MTLError) in try network("foo", Checkpoint()) }
    #expect(far?.description == "recipe 'foo': is not known; 'mtl-infer networks' lists all")
  }

  @Test func nearNames() {
    func near(_ name: String) -> [String] { MTLNetworks.nearNames(to: name, among: recipes.map(\.name)) }
    #expect(near("Faces-ResNet50").first == "faces-resnet")
    #expect(near("vit_torchvison") == ["vit-torchvision", "utkface-vit"])
    #expect(near("resnet50-nyud").first == "vandenhende-resnet50-nyud" && near("resnet50-nyud").count == 3)
    #expect(near(String(repeating: "fingers-", count: 9)).isEmpty && near("").isEmpty)
  }

  @Test func unknownParameter() throws {
    let text = #"{"format": 1, "network": {"recipe": "fingers", "depth": 50}}"#
    let error = failure { () throws(MTLError) in try LoadedNetwork(card(text), weights: published().store()) }
    #expect(error?.kind == .badFormat && error?.problem.contains("unknown field 'depth'") == true)
  }

  @Test func cardNamesHeadsByPrefix() throws {
    let text = """
      {"format": 1, "network": {"recipe": "fingers"},
       "tasks": [{"name": "fingers", "kind": "classification", "prefix": "decoder2"}, {"name": "hand"}]}
      """
    let network = try LoadedNetwork(try card(text), weights: published().store())
    #expect(network.tasks.map(\.name) == ["fingers", "hand"])
    // The recipe's heads end in a softmax, which the card need not say.
    #expect(network.tasks.allSatisfy { $0.form == .probabilities })
    let shapes = try network.graph.shapes(for: [[1, 1, 128, 128]])
    #expect(network.graph.outputs.map { shapes[$0.value] } == [[1, 6], [1, 2]])
    let wrong = text.replacing("decoder2", with: "decoder3")
    let error = failure { () throws(MTLError) in try LoadedNetwork(card(wrong), weights: published().store()) }
    #expect(
      error?.problem
        == "the network has no such head; it has hand (prefix 'decoder1'), count (prefix 'decoder2')")
  }

  /// A head of the recipe may take another's name; the one that is left out is ignored.
  @Test(arguments: ["fingers", "libmtl-fingers"])
  func headsLeftOutAreIgnored(_ recipe: String) throws {
    let prefix = recipe == "fingers" ? "decoder1" : "decoders.A"
    let other = recipe == "fingers" ? "decoder2" : "decoders.B"
    let published = try published()
    let store = try (recipe == "fingers" ? published : published.libMTLFingers).store()
    let text =
      #"{"format": 1, "network": {"recipe": "\#(recipe)"}, "tasks": [{"name": "count", "prefix": "\#(prefix)"}]}"#
    let network = try LoadedNetwork(try card(text), weights: store)
    let shapes = try network.graph.shapes(for: [[1, 1, 128, 128]])
    #expect(network.graph.outputs.map { shapes[$0.value] } == [[1, 2]])
    #expect(network.ignoredKeys.count == 6 && network.ignoredKeys.allSatisfy { $0.hasPrefix(other) })
  }

  /// Labels say how many classes there should be.
  @Test func classCountFollowsTheLabels() throws {
    let text = """
      {"format": 1, "network": {"recipe": "fingers"},
       "tasks": [{"name": "hand", "kind": "classification", "labels": ["a", "b", "c"]}]}
      """
    let store = try published().store()
    let error = failure { () throws(MTLError) in try LoadedNetwork(card(text), weights: store) }
    #expect(error?.problem.contains("decoder1.6.weight (expected 3x48, found 2x48)") == true)
  }

  /// What stands between the Linear layers of a head is told by the numbers that a Sequential leaves out.
  @Test func activationsStandInTheGaps() throws {
    let heads: [([String], [String])] = [
      (["h.a.0", "h.a.1"], []), (["h.a.0", "h.a.2"], ["Relu"]), (["h.a.first", "h.a.second"], ["Relu"]),
      (["h.a.0", "h.a.1:norm", "h.a.3"], ["BatchNormalization", "Relu"]),
      (["h.a.0", "h.a.2:norm", "h.a.3"], ["Relu", "BatchNormalization"]),
      (["h.a.0", "h.a.1:norm", "h.a.2"], ["BatchNormalization"]),
    ]
    for (modules, between) in heads {
      var checkpoint = Checkpoint()
      for module in modules {
        let key = module.replacing(":norm", with: "")
        checkpoint.add("\(key).weight", module.hasSuffix(":norm") ? [4] : [4, 4])
        checkpoint.add("\(key).bias", [4])
        guard module.hasSuffix(":norm") else { continue }
        checkpoint.add("\(key).running_mean", [4])
        checkpoint.add("\(key).running_var", [4])
      }
      let text = """
        {"format": 1, "input": {"width": 1, "height": 1, "color": "gray"},
         "network": {"encoder": [{"block": "conv", "key": "c"}, {"block": "flatten"}],
                     "heads": {"a": [{"block": "mlp", "key": "h.a"}]}}}
        """
      checkpoint.add("c.weight", [4, 1, 1, 1])
      let network = try LoadedNetwork(try card(text), weights: checkpoint.store())
      let names = network.graph.nodes.map(\.operation.name)
      #expect(names == ["Conv", "Flatten", "Gemm"] + between + ["Gemm"], "\(modules)")
    }
  }
}
