import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

/// What the recipes of mtan's SegNets, Vandenhende's survey and astmt read off a checkpoint, and what they say of it. That
/// they compute what PyTorch does is tested with all published networks.
@Suite("SegNets, Vandenhende, astmt")
struct PascalRecipeTests: RecipeSuite {
  @Test(arguments: [
    ("mtan-segnet-split-deep", "mtan-segnet-split-nyuv2"), ("mtan-segnet-mtan", "mtan-segnet-mtan-nyuv2"),
    ("mtan-segnet-cross-stitch", "mtan-segnet-cross-stitch-nyuv2"), ("mtan-segnet-dense", "mtan-segnet-dense-nyuv2"),
    ("mtan-segnet-single-normal", "mtan-segnet-single-nyuv2"), ("libmtl-segnet-mtan", "libmtl-segnet-mtan-nyuv2"),
    ("vandenhende-resnet18-pascal", "vandenhende-resnet18-pascal"),
    ("vandenhende-resnet18-nyud", "vandenhende-resnet18-nyud"),
    ("vandenhende-resnet50-nyud", "vandenhende-resnet50-nyud"),
    ("vandenhende-mtan-resnet18-pascal", "vandenhende-mtan-resnet18-pascal"),
    ("vandenhende-cross-stitch-resnet18-pascal", "vandenhende-cross-stitch-resnet18-pascal"),
    ("vandenhende-nddr-cnn-resnet18-pascal", "vandenhende-nddr-cnn-resnet18-pascal"),
    ("vandenhende-hrnet18-pascal", "vandenhende-hrnet18-pascal"),
    ("vandenhende-hrnet18-nyud", "vandenhende-hrnet18-nyud"),
    ("vandenhende-mti-net-pascal", "vandenhende-mti-net-pascal"),
    ("vandenhende-mti-net-nyud", "vandenhende-mti-net-nyud"),
    ("vandenhende-pad-net-pascal", "vandenhende-pad-net-pascal"),
    ("vandenhende-pad-net-nyud", "vandenhende-pad-net-nyud"),
    ("astmt-se-resnet26-pascal", "astmt-pascal"),
  ])
  func recipeIsFound(_ fixture: String, _ recipe: String) throws {
    #expect(try LoadedNetwork.fittingRecipe(store(fixture)) == recipe)
  }

  /// Everything of the file is used, but what only training needs; that is said.
  @Test(arguments: [
    ("mtan-segnet-mtan", "mtan-segnet-mtan-nyuv2", ["logsigma"]),
    ("vandenhende-hrnet18-pascal", "vandenhende-hrnet18-pascal", []),
    ("vandenhende-cross-stitch-resnet18-pascal", "vandenhende-cross-stitch-resnet18-pascal", []),
    ("vandenhende-pad-net-nyud", "vandenhende-pad-net-nyud", ["initial_task_prediction_heads.conv_out"]),
    ("vandenhende-mti-net-nyud", "vandenhende-mti-net-nyud", (0...3).map { "scale_\($0).decoders" }),
    ("astmt-se-resnet26-pascal", "astmt-pascal", ["discriminator"]),
  ])
  func onlyTrainingIsLeftOut(_ fixture: String, _ recipe: String, _ skipped: [String]) throws {
    let network = try network(recipe, store(fixture))
    #expect(network.ignoredKeys.allSatisfy { key in skipped.contains { key == $0 || key.hasPrefix($0 + ".") } })
    #expect(skipped.allSatisfy { name in network.ignoredKeys.contains { $0.hasPrefix(name) } })
    #expect(network.notes.contains { $0.contains(" not needed: ") } == !skipped.isEmpty)
  }

  /// Features of tasks that are not answered still help those that are.
  @Test func auxiliaryTasksHaveNoOutput() throws {
    let network = try network("vandenhende-mti-net-nyud", store("vandenhende-mti-net-nyud"))
    #expect(network.tasks.map(\.name) == ["semseg", "depth"])
    #expect(!network.ignoredKeys.contains { $0.contains("refinement.edge") })
  }

  @Test func encoderOfAstmtIsNotShared() throws {
    let network = try network("astmt-pascal", store("astmt-se-resnet26-pascal"))
    #expect(network.notes.contains { $0.contains("the encoder is not shared") })
    let costs = try network.graph.costs(for: [[1, 3, 48, 80]])
    #expect(costs[.encoder]?.parameters == 3 * 2 * 49 + 2 * 2)
    let shared = try self.network("astmt-pascal", store("astmt-shared-pascal"))
    #expect(!shared.notes.contains { $0.contains("not shared") })
    // Of a head only the last layer is left: 8 channels to 4 classes.
    #expect(try shared.graph.costs(for: [[1, 3, 48, 80]])[.head(0)]?.parameters == 8 * 4 + 4)
  }

  @Test func oneTaskIsNamedByCardOrChannels() throws {
    let depth = try store("vandenhende-resnet18-single-nyud")
    #expect(try network("vandenhende-resnet18-single-nyud", depth).tasks.map(\.kind) == [.depth])
    let edge = try store("vandenhende-hrnet18-single-pascal")
    let named = try network("vandenhende-hrnet18-single-pascal", edge, #", "task": "edge""#)
    #expect(named.tasks.map(\.name) == ["edge"] && named.tasks[0].kind == .edges)
    // One channel may be saliency as well as edges.
    #expect(try network("vandenhende-hrnet18-single-pascal", edge).tasks.map(\.kind) == [.raw])
    let unknown = failure { () throws(MTLError) in
      try network("vandenhende-hrnet18-single-pascal", edge, #", "task": "edges""#)
    }
    let known = "semseg, human_parts, sal, normals, edge, depth"
    #expect(unknown?.kind == .badFormat)
    #expect(unknown?.description.hasSuffix("network.task: expected one of \(known), found 'edges'") == true)
  }

  @Test func tasksAreChosenByTheCard() throws {
    let one = try network(
      "vandenhende-mti-net-pascal", store("vandenhende-mti-net-pascal"), "", #", "tasks": [{"name": "sal"}]"#)
    #expect(one.tasks.map(\.name) == ["sal"] && one.tasks[0].kind == .saliency)
    #expect(one.ignoredKeys.contains("heads.semseg.last_layer.3.bias"))
  }

  /// Task names become file names.
  @Test func taskNamesInKeysAreChecked() throws {
    var checkpoint = try Checkpoint(copying: store("vandenhende-resnet18-nyud"))
    checkpoint.rename { $0.replacing("decoders.depth.", with: "decoders.a/b.") }
    let changed = try checkpoint.store()
    let error = failure { () throws(MTLError) in try network("vandenhende-resnet18-nyud", changed) }
    #expect(error?.kind == .badFormat && error?.problem.contains("'a/b'") == true)
  }

  /// A task's network of more levels than the shared one, and the other way around, is refused and no trap.
  @Test func levelsHaveToAgree() throws {
    for part in ["encoder_block.4", "encoder_block_t.1.4", "decoder_block_t.0.4"] {
      var checkpoint = try Checkpoint(copying: store("mtan-segnet-dense"))
      for tensor in checkpoint.tensors where tensor.name.hasPrefix(part + ".") { checkpoint.remove(tensor.name) }
      let changed = try checkpoint.store()
      let error = failure { () throws(MTLError) in try network("mtan-segnet-dense-nyuv2", changed) }
      #expect(error?.kind == .checkpointMismatch, "\(part): \(error?.description ?? "no error")")
    }
  }

  @Test func whatIsMissingIsNamed() throws {
    var checkpoint = try Checkpoint(copying: store("vandenhende-mti-net-pascal"))
    checkpoint.remove("fpm_scale_2.se.sal.squeeze.2.bias")
    checkpoint.add("heads.sal.last_layer.4.weight", [1])
    let changed = try checkpoint.store()
    let error = failure { () throws(MTLError) in try network("vandenhende-mti-net-pascal", changed) }
    #expect(error?.kind == .checkpointMismatch)
    #expect(error?.problem.contains("1 missing: fpm_scale_2.se.sal.squeeze.2.bias (6)") == true)
    #expect(error?.problem.contains("1 unexpected: heads.sal.last_layer.4.weight (1)") == true)
  }
}
