import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

@Suite("Checkpoints that do not fit")
struct BindingTests {
  private static let text = """
    {"format": 1, "input": {"width": 8, "height": 8},
     "network": {
       "encoder": [{"block": "conv", "key": "net.0", "channels": 4, "kernel": 3, "bias": true, "norm": "net.1"},
                   {"block": "flatten"}],
       "heads": {"t": [{"block": "linear", "key": "heads.t.0", "features": 5, "bias": true}]}}}
    """

  private func checkpoint() -> Checkpoint {
    Checkpoint(shapes: [
      "net.0.weight": [4, 3, 3, 3], "net.0.bias": [4], "net.1.weight": [4], "net.1.bias": [4],
      "net.1.running_mean": [4], "net.1.running_var": [4], "heads.t.0.weight": [5, 144], "heads.t.0.bias": [5],
    ])
  }

  private func mismatch(_ checkpoint: Checkpoint) throws -> MTLError? {
    let card = try card(Self.text)
    let store = try checkpoint.store()
    return failure { () throws(MTLError) in try LoadedNetwork(card, weights: store) }
  }

  @Test func fits() throws {
    #expect(try mismatch(checkpoint()) == nil)
  }

  @Test func allThatDoesNotFitIsReportedTogether() throws {
    var changed = checkpoint()
    changed.remove("net.1.running_mean")
    changed.remove("heads.t.0.bias")
    changed.remove("net.0.weight")
    changed.add("net.0.weight", [4, 3, 5, 3])
    changed.remove("heads.t.0.weight")
    changed.add("heads.t.0.weight", [144])
    changed.add("net.7.weight", [2, 2])
    let error = try #require(try mismatch(changed))
    #expect(error.kind == .checkpointMismatch && error.subject == "network 'blocks'")
    #expect(
      error.problem == "the checkpoint does not fit: 2 missing: net.1.running_mean (4), heads.t.0.bias (5); "
        + "2 wrong shape: net.0.weight (expected 4x3x3x3, found 4x3x5x3), heads.t.0.weight (expected 5x144, found 144); "
        + "1 unexpected: net.7.weight (2x2)")
  }

  @Test(arguments: ["net.0.weight", "net.0.bias", "net.1.weight", "net.1.running_var", "heads.t.0.weight"])
  func eachWeightIsNeeded(_ name: String) throws {
    var changed = checkpoint()
    changed.remove(name)
    #expect(try mismatch(changed)?.problem.contains("1 missing: \(name) (") == true)
  }

  @Test(arguments: ["net.0.weight", "net.0.bias", "net.1.bias", "net.1.running_mean", "heads.t.0.bias"])
  func eachShapeIsChecked(_ name: String) throws {
    var changed = checkpoint()
    changed.remove(name)
    changed.add(name, [4, 3])
    #expect(try mismatch(changed)?.problem.contains("1 wrong shape: \(name) (expected ") == true)
  }

  /// More of a module that the network uses means that it is another network.
  @Test(arguments: ["net.2.weight", "net.extra", "net.0.extra.deep", "heads.t.1.weight", "heads.t.1.a.b.c"])
  func unexpectedKeysAreNamed(_ name: String) throws {
    var changed = checkpoint()
    changed.add(name, [1])
    #expect(try mismatch(changed)?.problem.contains("1 unexpected: \(name) (1)") == true)
  }

  /// A module whose name has no dot has none around it, but is in use itself.
  @Test(arguments: ["c.bias", "c.weight_g", "c.parametrizations.weight.original0", "n.extra"])
  func unexpectedKeysOfFlatModulesAreNamed(_ name: String) throws {
    let card = try card(
      block: #"{"block": "conv", "key": "c", "bias": false}, {"block": "batch_norm", "key": "n"}"#)
    var checkpoint = Checkpoint(shapes: [
      "c.weight": [4, 3, 3, 3], "n.weight": [4], "n.bias": [4], "n.running_mean": [4], "n.running_var": [4],
      "n.num_batches_tracked": [1], "other.weight": [1],
    ])
    #expect(try LoadedNetwork(card, weights: checkpoint.store()).ignoredKeys == ["other.weight"])
    checkpoint.add(name, [4])
    let store = try checkpoint.store()
    let error = failure { () throws(MTLError) in try LoadedNetwork(card, weights: store) }
    #expect(error?.problem == "the checkpoint does not fit: 1 unexpected: \(name) (4)")
  }

  @Test func keysOfOthersAreAcceptedAndListed() throws {
    var more = checkpoint()
    for name in ["loss_scale", "heads.other.0.weight", "ema.decay", "net.1.num_batches_tracked", "num_batches_tracked"]
    {
      more.add(name, [1])
    }
    let network = try LoadedNetwork(try card(Self.text), weights: more.store())
    #expect(network.ignoredKeys == ["loss_scale", "heads.other.0.weight", "ema.decay"])
  }

  /// What the card's tasks leave out is no other network, but still has only the keys that are described.
  @Test func headsLeftOutAreIgnoredAndListed() throws {
    let card = try card(
      """
      {"format": 1, "input": {"width": 2, "height": 2}, "tasks": [{"name": "a"}],
       "network": {"encoder": [{"block": "flatten"}],
                   "heads": {"a": [{"block": "linear", "key": "heads.a"}],
                             "b": [{"block": "linear", "key": "heads.b", "norm": "heads.n"}],
                             "c": [{"block": "linear", "key": "heads.a"}, {"block": "batch_norm", "key": "heads.m"}]}}}
      """)
    var checkpoint = Checkpoint(shapes: [
      "heads.a.weight": [2, 12], "heads.b.weight": [3, 5], "heads.b.bias": [3], "heads.n.weight": [3],
      "heads.m.bias": [3],
    ])
    #expect(
      try LoadedNetwork(card, weights: checkpoint.store()).ignoredKeys == [
        "heads.b.weight", "heads.b.bias", "heads.n.weight", "heads.m.bias",
      ])
    checkpoint.add("heads.d.weight", [1])
    checkpoint.add("heads.a.extra", [1])
    let store = try checkpoint.store()
    let error = failure { () throws(MTLError) in try LoadedNetwork(card, weights: store) }
    #expect(error?.problem.hasSuffix("2 unexpected: heads.d.weight (1), heads.a.extra (1)") == true)
  }

  /// A head that is left out may hold its weights right where the others hang.
  @Test func theNearestModuleDecides() throws {
    let card = try card(
      """
      {"format": 1, "input": {"width": 2, "height": 2}, "tasks": [{"name": "a"}],
       "network": {"encoder": [{"block": "flatten"}],
                   "heads": {"a": [{"block": "linear", "key": "heads.a", "bias": false}],
                             "b": [{"block": "linear", "key": "heads"}]}}}
      """)
    var checkpoint = Checkpoint(shapes: ["heads.a.weight": [2, 12], "heads.weight": [3, 12]])
    #expect(try LoadedNetwork(card, weights: checkpoint.store()).ignoredKeys == ["heads.weight"])
    checkpoint.add("heads.a.bias", [2])
    let store = try checkpoint.store()
    let error = failure { () throws(MTLError) in try LoadedNetwork(card, weights: store) }
    #expect(error?.problem.hasSuffix("1 unexpected: heads.a.bias (2)") == true)
  }

  @Test func longListsAreCut() throws {
    var more = checkpoint()
    for index in 10..<40 { more.add("net.\(index).weight", [1]) }
    let problem = try #require(try mismatch(more)?.problem)
    #expect(
      problem.contains("30 unexpected: net.10.weight (1), ") && problem.hasSuffix("net.21.weight (1) and 18 more"))
  }

  @Test func biasIsUsedWhereItIs() throws {
    let open = Self.text.replacing(#", "bias": true"#, with: "").replacing(#""channels": 4, "kernel": 3, "#, with: "")
      .replacing(#", "features": 5"#, with: "")
    var bare = checkpoint()
    bare.remove("net.0.bias")
    bare.remove("heads.t.0.bias")
    let without = try LoadedNetwork(try card(open), weights: bare.store())
    let with = try LoadedNetwork(try card(open), weights: checkpoint().store())
    #expect(without.graph.nodes.first?.inputs.count == 2)
    #expect(with.graph.nodes.first?.inputs.count == 3)
    let refused = Self.text.replacing(#""bias": true"#, with: #""bias": false"#)
    let error = failure { () throws(MTLError) in
      try LoadedNetwork(card(refused), weights: checkpoint().store())
    }
    #expect(error?.problem.contains("2 unexpected: net.0.bias (4), heads.t.0.bias (5)") == true)
  }
}
