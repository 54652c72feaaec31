import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

/// What LibMTL's, auto-lambda's and mtan's recipes read off a checkpoint, and what they say of one that does not fit.
/// That they compute what PyTorch does is tested with all published networks.
@Suite("LibMTL, auto-lambda, mtan")
struct DenseRecipeTests: RecipeSuite {
  @Test(arguments: [
    ("libmtl-hps-nyuv2", "libmtl-hps-nyuv2"), ("libmtl-hps-cityscapes-resnet18", "libmtl-hps-cityscapes"),
    ("libmtl-mtan-cityscapes-resnet18", "libmtl-mtan-cityscapes"), ("libmtl-ple-nyuv2", "libmtl-ple-nyuv2"),
    ("libmtl-cgc-nyuv2", "libmtl-cgc-nyuv2"), ("libmtl-mmoe-nyuv2", "libmtl-mmoe-nyuv2"),
    ("libmtl-dselect-k-nyuv2", "libmtl-dselect-k-nyuv2"), ("libmtl-ltb-nyuv2", "libmtl-ltb-nyuv2"),
    ("libmtl-cross-stitch-cityscapes", "libmtl-cross-stitch-cityscapes"), ("libmtl-mtan-office", "libmtl-mtan-office"),
    ("libmtl-hps-office", "libmtl-hps-office"), ("autolambda-split-cityscapes", "autolambda-split-cityscapes"),
    ("autolambda-split-nyuv2-noise", "autolambda-split-nyuv2"), ("mtan-deeplab-nyuv2", "autolambda-mtan-nyuv2"),
  ])
  func recipeIsFound(_ fixture: String, _ recipe: String) throws {
    #expect(try LoadedNetwork.fittingRecipe(store(fixture)) == recipe)
  }

  /// LibMTL's hard sharing and auto-lambda's split are one graph under two sets of keys.
  @Test func oneGraphUnderTwoKeyMaps() throws {
    var checkpoint = try Checkpoint(copying: store("libmtl-hps-nyuv2"))
    let tasks = ["segmentation": "0", "depth": "1", "normal": "2"]
    checkpoint.rename { name in
      var parts = name.split(separator: ".").map(String.init)
      if parts[0] == "decoders" {
        parts[1] = tasks[parts[1]] ?? ""
      } else {
        parts.removeFirst()
        let stem = ["conv1": "shared_conv.0", "bn1": "shared_conv.1"]
        parts[0] = stem[parts[0]] ?? "shared_\(parts[0])"
      }
      return parts.joined(separator: ".")
    }
    let renamed = try network("autolambda-split-nyuv2", checkpoint.store())
    let own = try network("libmtl-hps-nyuv2", store("libmtl-hps-nyuv2"))
    #expect(renamed.tasks.map(\.name) == ["seg", "depth", "normal"])
    #expect(renamed.tasks.map(\.kind) == own.tasks.map(\.kind) && renamed.tasks[0].labels.count == 13)
    #expect(renamed.ignoredKeys.isEmpty && renamed.input.range == [-1, 1] && own.input.range == [0, 1])
    let shape: [Shape] = [[1, 3, 64, 96]]
    #expect(try renamed.graph.costs(for: shape)[.encoder] == own.graph.costs(for: shape)[.encoder])
  }

  /// The blocks between MTAN's stages are used once for each task, and are there once.
  @Test(arguments: ["libmtl-mtan-nyuv2", "libmtl-cross-stitch-cityscapes"])
  func parametersAreThoseOfTheCheckpoint(_ name: String) throws {
    let store = try store(name)
    let trained = store.names.filter { !$0.contains(".running_") && !$0.hasSuffix("num_batches_tracked") }
    let count = trained.reduce(0) { $0 + (store.shape($1)?.elementCount ?? 0) }
    #expect(try network(name, store).graph.parameterCount == count)
  }

  /// Networks trained with dummy heads beside the real ones: the card says which is real.
  @Test func headsThatLookAlikeAreChosenByPrefix() throws {
    var checkpoint = try Checkpoint(copying: store("libmtl-hps-nyuv2"))
    for tensor in checkpoint.tensors where tensor.name.hasPrefix("decoders.depth.") {
      checkpoint.add(tensor.name.replacing("decoders.depth.", with: "decoders.depth_1."), tensor.shape, tensor.values)
    }
    let tasks = #", "tasks": [{"name": "depth", "prefix": "decoders.depth_1"}]"#
    let chosen = try network("libmtl-hps-nyuv2", checkpoint.store(), "", tasks)
    #expect(chosen.tasks.map(\.name) == ["depth"])
    #expect(
      chosen.ignoredKeys.contains("decoders.depth.4.bias") && !chosen.ignoredKeys.contains("decoders.depth_1.4.bias"))
    let all = try network("libmtl-hps-nyuv2", checkpoint.store())
    #expect(all.tasks.map(\.name) == ["segmentation", "depth", "normal", "depth_1"])
  }

  @Test func notes() throws {
    let branching = try network("libmtl-ltb-nyuv2", store("libmtl-ltb-nyuv2"))
    #expect(branching.notes.contains { $0.contains("the likeliest is taken") })
    #expect(branching.notes.count { $0.hasPrefix("stage ") } == 4)
    let stitched = try network("libmtl-cross-stitch-nyuv2", store("libmtl-cross-stitch-nyuv2"))
    #expect(stitched.notes == ["the last row of 'encoder.cross_unit' is in no forward of LibMTL"])
    let weighted = try network("libmtl-hps-cityscapes", store("libmtl-hps-cityscapes-resnet18"))
    #expect(weighted.notes == ["'loss_scale' is not needed: it weighs the losses of training"])
    #expect(weighted.ignoredKeys == ["loss_scale"])
    let split = try network("autolambda-split-nyuv2", store("autolambda-split-nyuv2-noise"))
    #expect(split.notes.first?.hasSuffix("0 is 'seg', 1 is 'depth', 2 is 'normal', 3 is 'noise'") == true)
  }

  @Test func strangersAreRefused() throws {
    var checkpoint = try Checkpoint(copying: store("libmtl-hps-cityscapes-resnet18"))
    checkpoint.remove("encoder.layer3.1.bn2.running_var")
    let error = failure { () throws(MTLError) in try network("libmtl-hps-cityscapes", checkpoint.store()) }
    #expect(error?.kind == .checkpointMismatch)
    #expect(error?.problem.contains("1 missing: encoder.layer3.1.bn2.running_var (8)") == true)
    let other = failure { () throws(MTLError) in try network("libmtl-mtan-nyuv2", store("libmtl-hps-nyuv2")) }
    #expect(other?.problem.hasSuffix("It fits the recipe 'libmtl-hps-nyuv2'") == true)
    let empty = failure { () throws(MTLError) in try network("libmtl-ple-nyuv2", Checkpoint().store()) }
    #expect(empty?.kind == .checkpointMismatch)
  }

  /// safetensors files name tensors in no order; numbered masks belong to tasks in the published one.
  @Test func orderOfTasksWithoutOrder() throws {
    var checkpoint = Checkpoint()
    let copy = try Checkpoint(copying: store("libmtl-mtan-nyuv2"))
    for tensor in copy.tensors.reversed() { checkpoint.add(tensor.name, tensor.shape, tensor.values) }
    let network = try network("libmtl-mtan-nyuv2", checkpoint.store())
    #expect(network.tasks.map(\.name) == ["segmentation", "depth", "normal"])
  }
}

/// Networks whose gates see the flattened image.
@Suite("Gates of one size")
struct GateSizeTests: RecipeSuite {
  private func network(_ parameters: String = "", _ rest: String = "") throws(MTLError) -> LoadedNetwork {
    try network("libmtl-dselect-k-nyuv2", "libmtl-dselect-k-nyuv2", parameters, rest)
  }

  @Test func sizeIsReadOff() throws {
    let network = try network()
    #expect(network.input.width == 32 && network.input.height == 24)
    let error = failure { () throws(MTLError) in try network.graph.shapes(for: [[1, 3, 24, 40]]) }
    let size = "32 x 24 pixels (width x height), the size that the network's gates were trained for, found 40 x 24"
    #expect(error?.description == "image for gates (FixedSize): image: expected \(size)")
  }

  @Test func sizeMayBeGiven() throws {
    #expect(try network(#", "width": 16"#).input.height == 48)
    #expect(try network(#", "height": 16, "width": 48"#).input.shape(batch: 1) == [1, 3, 16, 48])
    let wrong = failure { () throws(MTLError) in try network(#", "height": 16, "width": 40"#) }
    #expect(
      wrong?.description
        == "width and height: expected sides of 768 pixels, for which the gates were trained, found 40 x 16")
    let input = failure { () throws(MTLError) in try network("", #", "input": {"width": 64, "height": 48}"#) }
    #expect(input?.description.contains("expected 32 x 24 pixels") == true)
  }

  @Test func codesMayBeOnes() throws {
    #expect(try network(#", "code_bits": "ones""#).notes == ["all bits of the experts' codes are taken as ones"])
    let error = failure { () throws(MTLError) in try network(#", "code_bits": "twos""#) }
    #expect(error?.description == "code_bits: expected 'binary' or 'ones', found 'twos'")
  }
}
