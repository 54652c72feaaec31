import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

/// What the recipes of Swin, ViT, Perceivers and documents read off a checkpoint, and what they say of one that does not
/// fit. That they compute what PyTorch does is tested with all published networks.
@Suite("Transformers and documents")
struct TransformerRecipeTests: RecipeSuite {
  @Test(arguments: [
    ("swin-microsoft", "swin-microsoft"), ("swin-microsoft-dense", "swin-microsoft"),
    ("swin-torchvision", "swin-torchvision"), ("swin-torchvision-dense", "swin-torchvision"),
    ("vit-torchvision-tasks", "vit-torchvision"), ("utkface-vit", "utkface-vit"),
    ("perceiver-lucidrains", "perceiver-lucidrains"), ("perceiver-lucidrains-early", "perceiver-lucidrains"),
    ("documents-perceiver-tied", "documents-perceiver"), ("documents-resnet", "documents-resnet"),
    ("perceiver-krasserm-mnist", "perceiver-krasserm"),
    ("perceiver-huggingface-learned", "perceiver-huggingface-learned"),
    ("perceiver-huggingface-fourier-tasks", "perceiver-huggingface-fourier"),
    ("perceiver-huggingface-conv", "perceiver-huggingface-conv"),
  ])
  func recipeIsFound(_ fixture: String, _ recipe: String) throws {
    #expect(try LoadedNetwork.fittingRecipe(store(fixture)) == recipe)
  }

  @Test func documentsKnowTheirLabels() throws {
    let tasks = try network("documents-resnet", "documents-resnet").tasks
    #expect(tasks.map(\.name) == ["font", "script", "location", "date"])
    #expect(tasks.map(\.kind) == [.classification, .classification, .multiLabel, .classification])
    #expect(tasks.map(\.labels.count) == [0, 12, 13, 0])
  }

  @Test func buffersOfTheTrainingSizeAreSkippedInOneSentence() throws {
    let network = try network("swin-microsoft", "swin-microsoft")
    #expect(network.notes.count == 2)
    #expect(network.notes.last?.hasSuffix("and 10 more are not needed: it is made anew for the input's size") == true)
  }

  /// timm cuts windows to the map, so that the size of the pictures decides what a table means.
  @Test func windowsOfTimmFollowTheImageSize() throws {
    let network = try network("swin-timm", "swin-timm", #", "image_size": [60, 84]"#)
    #expect(network.notes == ["[2, 2, 2, 2] blocks, windows of 7x7, 7x7, 4x6, 2x3"])
    #expect(throws: MTLError.self) { try self.network("swin-timm", "swin-timm") }
  }

  @Test func greyAndColourPerceiversAreToldApart() throws {
    #expect(try network("perceiver-krasserm", "perceiver-krasserm-mnist", #", "self_heads": 2"#).input.color == .gray)
    #expect(try network("perceiver-krasserm", "perceiver-krasserm", #", "self_heads": 2"#).input.width == 12)
  }

  @Test(arguments: ["swin-timm", "vit-torchvision", "utkface-vit", "perceiver-krasserm", "documents-perceiver"])
  func anotherNetworkIsRefused(_ recipe: String) {
    #expect(throws: MTLError.self) { try network(recipe, "swin-microsoft") }
  }

  /// Pretrained weights bring a classifier along, which may stand among the tasks' heads.
  @Test(arguments: [("trunk.", "heads"), ("trunk.", "decoders"), ("", "heads"), ("", "decoders")])
  func headsOfTasksComeBeforeTheClassifier(_ prefix: String, _ dictionary: String) throws {
    var checkpoint = try Checkpoint(copying: store("vit-torchvision-tasks"))
    let own = try network("vit-torchvision", checkpoint.store(), #", "head_width": 8"#)
    checkpoint.rename { name in
      name.hasPrefix("heads.")
        ? name.replacing("heads.", with: "\(dictionary).") : name.replacing("trunk.", with: prefix)
    }
    let width = try #require(checkpoint.tensors.first { $0.name.hasSuffix("class_token") }?.shape[2])
    checkpoint.add("\(prefix)heads.head.weight", [7, width])
    checkpoint.add("\(prefix)heads.head.bias", [7])
    let network = try network("vit-torchvision", checkpoint.store(), #", "head_width": 8"#)
    #expect(network.tasks.map(\.name) == own.tasks.map(\.name) && network.tasks.count > 1)
    #expect(network.ignoredKeys == ["\(prefix)heads.head.weight", "\(prefix)heads.head.bias"])
    #expect(network.notes == ["'\(prefix)heads.head' is not needed: the heads of tasks stand beside it"])
  }

  @Test func classifierAloneIsTheTask() throws {
    let network = try network("vit-torchvision", "vit-torchvision", #", "head_width": 8"#)
    #expect(network.tasks.map(\.name) == ["class"] && network.ignoredKeys.isEmpty)
  }

  /// Numbers of heads are in no tensor, or in one where nobody would look for them: errors say where they come from.
  @Test func wrongHeadsNameTheirSource() throws {
    let perceivers = [
      ("perceiver-krasserm", "self_heads", "0.self_attn_1.0.0.module.attention.q_proj"),
      ("perceiver-huggingface-learned", "cross_heads", "perceiver.encoder.cross_attention.attention.self.query"),
      ("perceiver-lucidrains", "latent_heads", "layers.0.self_attns.0.0.fn.to_q"),
    ]
    for (recipe, parameter, key) in perceivers {
      let error = failure { () throws(MTLError) in try network(recipe, recipe, #", "\#(parameter)": 1024"#) }
      let text = error?.problem ?? ""
      #expect(text.contains(": \(parameter): expected a divisor of the "), "\(text)")
      #expect(text.contains("channels of '\(key)'; a model.json can set it, found 1024"), "\(text)")
    }
    let vit = failure { () throws(MTLError) in try network("vit-torchvision", "vit-torchvision", #", "head_width": 7"#)
    }
    #expect(vit?.problem.contains("head_width: expected a divisor of the 16 channels of the tokens") == true)
  }

  @Test func headsOfSwinAreThoseOfItsTable() throws {
    var checkpoint = try Checkpoint(copying: store("swin-microsoft"))
    let key = try #require(checkpoint.tensors.first { $0.name.hasSuffix("relative_position_bias_table") })
    checkpoint.remove(key.name)
    checkpoint.add(key.name, [key.shape[0], 5])
    let changed = try checkpoint.store()
    let error = failure { () throws(MTLError) in try network("swin-microsoft", changed) }
    #expect(error?.problem.contains("\(key.name), its second size, the number of heads: expected a divisor") == true)
  }
}
