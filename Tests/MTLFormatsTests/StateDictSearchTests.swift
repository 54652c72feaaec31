import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("Finding the state dict")
struct StateDictSearchTests {
  private let pair = Build.pair

  private func names(_ object: [UInt8], section: String? = nil) throws(MTLError) -> [String] {
    try read(Build.checkpoint(object), section: section).names
  }

  @Test func dictionaryOfPython2() throws {
    // OrderedDict([['a.w', tensor]]) with byte strings, as Python 2 wrote it.
    let key: [UInt8] = [0x55, 3] + Array("a.w".utf8)
    let pairs = [0x5D, 0x28, 0x5D, 0x28] + key + pair + [0x65, 0x65]
    let object = Build.call(Build.name("collections", "OrderedDict"), pairs)
    #expect(try read(Build.checkpoint(object)).float32("a.w").floats() == [1, 2])
  }

  @Test func laterValueOfAKeyCounts() throws {
    let shorter = Build.tensor(Build.storage("0", 2), 1, offset: 1)
    let store = try read(Build.checkpoint(Build.dictionary(("w", pair), ("v", pair), ("w", shorter))))
    #expect(store.names == ["w", "v"])
    #expect(try store.float32("w").floats() == [2])
  }

  @Test func severalSetsOfWeightsAreListed() throws {
    let object = Build.dictionary(
      ("model", Build.dictionary(("w", pair))), ("net", Build.dictionary(("v", pair))),
      ("ema", Build.dictionary(("u", pair))), ("epoch", Build.integer(1)))
    let advice = "name the one to read in the field 'section' of a model.json"
    let error = failure { _ = try names(object) }
    #expect(error.kind == .unsupported)
    #expect(error.problem == "holds several sets of weights ('model', 'net', 'ema'); \(advice)")
    let nested = failure { _ = try names(Build.dictionary(("state_dict", object))) }
    #expect(
      nested.problem
        == "holds several sets of weights ('state_dict.model', 'state_dict.net', 'state_dict.ema'); \(advice)")
    #expect(try names(Build.dictionary(("state_dict", object)), section: "state_dict.net") == ["v"])
    let averages = Build.dictionary(
      ("ema", Build.dictionary(("w", pair))), ("model_ema", Build.dictionary(("v", pair))))
    #expect(failure { _ = try names(averages) }.problem.contains("('ema', 'model_ema'); \(advice)"))
  }

  @Test(arguments: ["ema", "model_ema", "ema_model", "ema_state_dict", "state_dict_ema", "params_ema"])
  func weightsComeBeforeTheirAverage(_ average: String) throws {
    let plain = Build.dictionary(("w", pair))
    let averaged = Build.dictionary(("v", pair))
    let object = Build.dictionary((average, averaged), ("model", plain), ("optimizer", plain))
    let store = try read(Build.checkpoint(object))
    #expect(store.names == ["w"])
    #expect(
      store.notes == [
        "the weights are those under 'model'",
        "other weights are under '\(average)'; \"section\": \"\(average)\" in a model.json takes them",
        "'optimizer' was skipped",
      ])
    #expect(try names(object, section: average) == ["v"])
    #expect(try names(Build.dictionary((average, averaged), ("epoch", Build.integer(1)))) == ["v"])
    let nested = try read(Build.checkpoint(Build.dictionary(("state_dict", object))))
    #expect(nested.notes[2].contains(#""section": "state_dict.\#(average)""#))
  }

  @Test func oneSetUnderTwoNamesIsOne() throws {
    let shared = Build.dictionary(("w", pair)) + [0x71, 1]
    #expect(try names([0x7D, 0x28] + Build.text("model") + shared + Build.text("ema") + [0x68, 1, 0x75]) == ["w"])
  }

  @Test func notesSayWhatWasSkipped() throws {
    let object = Build.dictionary(
      ("state_dict", Build.dictionary(("w", pair), ("step", Build.integer(3)))),
      ("optimizer", Build.dictionary(("m", pair))), ("lr", [0x47, 0x3F, 0xE0, 0, 0, 0, 0, 0, 0]), ("none", [0x4E]))
    let store = try read(Build.checkpoint(object))
    #expect(
      store.notes == [
        "the weights are those under 'state_dict'", "'optimizer' was skipped", "'lr' was skipped", "'step' was skipped",
      ])
    #expect(store.metadata == ["lr": "0.5"])
  }

  @Test func partsAreJoinedAndTrainingStateIsNot() throws {
    let part = Build.dictionary(("w", pair))
    let object = Build.dictionary(
      ("encoder", part), ("heads", Build.dictionary(("depth", part))), ("lr_scheduler", part), ("adam_optim", part))
    #expect(try names(object) == ["encoder.w", "heads.depth.w"])
  }

  @Test func prefixStaysUnlessAllNamesHaveIt() throws {
    #expect(try names(Build.dictionary(("module.a", pair), ("module.b", pair))) == ["a", "b"])
    #expect(try names(Build.dictionary(("module.a", pair), ("b", pair))) == ["module.a", "b"])
    #expect(try names(Build.dictionary(("module.", pair))) == ["module."])
    #expect(try names(Build.dictionary(("model.a", pair))) == ["model.a"])
  }

  @Test func sameNameTwiceIsAnError() {
    let object = Build.dictionary(("a.w", pair), ("a", Build.dictionary(("w", pair))))
    #expect(
      failure { _ = try names(object) } == MTLError(.badFormat, "a.w", "two tensors of the checkpoint have this name"))
  }

  @Test func moduleOfUnknownClasses() throws {
    let empty = Build.dictionary()
    let inner = Build.object(
      Build.name("__main__", "Block"),
      Build.dictionary(
        ("_modules", empty), ("_buffers", Build.dictionary(("kept", pair), ("scratch", pair))),
        ("_parameters", Build.dictionary(("weight", pair), ("bias", [0x4E]))),
        ("_non_persistent_buffers_set", [0x8F, 0x28] + Build.text("scratch") + [0x90]), ("cache", pair)))
    let outer = Build.object(
      Build.name("lib.nets", "Net"),
      Build.dictionary(
        ("_parameters", empty), ("_buffers", empty), ("_modules", Build.dictionary(("optimizer", inner)))))
    #expect(try names(outer) == ["optimizer.weight", "optimizer.kept"])
    #expect(try names(Build.dictionary(("model", outer))) == ["optimizer.weight", "optimizer.kept"])
  }

  @Test func listsAreNumbered() throws {
    let part = Build.dictionary(("w", pair))
    #expect(try names([0x5D, 0x28] + part + part + [0x65]) == ["0.w", "1.w"])
    #expect(try names(Build.tuple(part, Build.integer(1))) == ["w"])
  }

  @Test func nothingToFind() {
    let error = failure { _ = try names(Build.dictionary(("epoch", Build.integer(1)))) }
    #expect(error.kind == .unsupported && error.problem.hasSuffix("found no tensors in 'epoch'"))
    #expect(failure { _ = try names([0x4E]) }.problem.hasSuffix("found no tensors"))
    #expect(failure { _ = try names(pair) }.kind == .unsupported)
  }

  @Test func parametersOfOldAndNewWriters() throws {
    let utils = "torch._utils"
    let parameter = Build.call(Build.name(utils, "_rebuild_parameter"), pair, [0x88], [0x7D])
    let withState = Build.call(Build.name(utils, "_rebuild_parameter_with_state"), pair, [0x88], [0x7D], [0x7D])
    let old = Build.call(Build.name("torch.nn.parameter", "Parameter"), pair) + [0x4E, 0x62]
    let subclass = Build.call(
      Build.name("torch._tensor", "_rebuild_from_type_v2"), Build.name(utils, "_rebuild_parameter"),
      Build.name("torch.nn.parameter", "Parameter"), Build.tuple(pair, [0x88], [0x7D]), [0x7D])
    let third = Build.call(
      Build.name(utils, "_rebuild_tensor_v3"), Build.storage("0", 8, "UntypedStorage"), Build.integer(1),
      Build.tuple(Build.integer(1)), Build.tuple(Build.integer(1)), [0x89], [0x7D], Build.name("torch", "float32"))
    let store = try read(
      Build.checkpoint(Build.dictionary(("a", parameter), ("b", withState), ("c", old), ("d", subclass), ("e", third))))
    for name in ["a", "b", "c", "d"] { #expect(try store.float32(name).floats() == [1, 2]) }
    #expect(try store.float32("e").floats() == [2])
  }
}
