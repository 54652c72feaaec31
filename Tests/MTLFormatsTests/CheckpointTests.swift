import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("Checkpoints that PyTorch and NumPy wrote")
struct CheckpointTests {
  @Test func fixturesAreThere() {
    #expect(Fixtures.checkpoints.count >= 39)
    #expect(Fixtures.arrays.count == 13)
  }

  @Test(arguments: Fixtures.checkpoints)
  func holdsWhatItsWriterSaid(_ file: String) throws {
    let facts = try #require(Fixtures.expected["files"]?[file])
    let state = try #require(Fixtures.expected["states"]?[facts["state"]?.string ?? ""])
    let store = try WeightStore.read(try Fixtures.bytes(file), name: file)
    #expect(store.names == Fixtures.strings(facts["names"]))
    let unsupported = Fixtures.strings(facts["unsupported"])
    for name in store.names {
      let entry = try #require(store[name])
      if unsupported.contains(name) {
        #expect(entry.type == nil)
        let error = failure { _ = try entry.float32(name) }
        #expect(error.kind == .unsupported && error.subject == name && error.problem.contains(entry.typeName))
      } else {
        #expect(entry.type?.description == state[name]?["type"]?.string)
        try Fixtures.check(try store.float32(name), state[name], name)
      }
    }
    for note in Fixtures.strings(facts["notes"]) {
      #expect(store.notes.contains { $0.contains(note) }, "\(note) in \(store.notes)")
    }
    for member in facts["metadata"]?.members ?? [] {
      #expect(store.metadata[member.name] == member.value.string)
    }
    let format = file.hasSuffix(".pt") ? "PyTorch zip checkpoint" : "PyTorch legacy checkpoint"
    #expect(store.formatDescription == (file.hasSuffix(".safetensors") ? "safetensors" : format))
  }

  @Test(arguments: Fixtures.arrays)
  func arrayHoldsWhatItsWriterSaid(_ file: String) throws {
    let key = try #require(Fixtures.expected["files"]?[file]?["state"]?.string)
    let tensor = try NumpyFile.read(try Fixtures.bytes(file), name: file)
    try Fixtures.check(tensor, Fixtures.expected["states"]?[key]?["array"], file)
  }

  @Test func bareCheckpointNeedsNoNotes() throws {
    #expect(try WeightStore.read(try Fixtures.bytes("bare.pt"), name: "bare.pt").notes == [])
  }

  @Test func denseFloat32StaysInTheFile() throws {
    let file = try Fixtures.bytes("bare.pt")
    let tensor = try WeightStore.read(file, name: "bare.pt").float32("trunk.0.weight")
    #expect(file.contains(tensor.bytes))
    let strided = try WeightStore.read(try Fixtures.bytes("layouts.pt"), name: "layouts.pt").float32("transposed")
    #expect(!file.contains(strided.bytes))
  }

  @Test func storageIsShared() throws {
    let store = try WeightStore.read(try Fixtures.bytes("layouts.pt"), name: "layouts.pt")
    let base = try #require(store["base"])
    let column = try #require(store["column"])
    #expect(base.storage.count == 96 && column.elementOffset == 4 && column.strides == [12, 1])
    #expect(base.storage.contains(column.storage) && !column.isDense && base.isDense)
  }

  @Test func sectionIsChosen() throws {
    let file = try Fixtures.bytes("optimizer.pt")
    let trunk = try WeightStore.read(try Fixtures.bytes("parts.pt"), name: "parts.pt", section: "trunk")
    #expect(trunk.names.first == "0.weight")
    let momentum = try WeightStore.read(file, name: "optimizer.pt", section: "optimizer.state.0")
    #expect(momentum.names == ["momentum_buffer"])
    let error = failure { _ = try WeightStore.read(file, name: "optimizer.pt", section: "modell") }
    #expect(error.kind == .notFound && error.problem.contains("'model'") && error.problem.contains("'modell'"))
    #expect(failure { _ = try WeightStore.read(file, name: "optimizer.pt", section: "log") }.kind == .unsupported)
  }

  @Test func missingTensorIsNamed() throws {
    let store = try WeightStore.read(try Fixtures.bytes("bare.pt"), name: "bare.pt")
    #expect(
      failure { _ = try store.float32("trunk.9.weight") }
        == MTLError(.notFound, "trunk.9.weight", "the checkpoint has no tensor of this name"))
    #expect(store["trunk.9.weight"] == nil)
  }
}

extension Bytes {
  /// Whether `part` is memory of these bytes.
  func contains(_ part: Bytes) -> Bool {
    unsafe withUnsafeBytes { whole in
      unsafe part.withUnsafeBytes { inner in
        guard let start = inner.baseAddress, let base = whole.baseAddress else { return false }
        return unsafe start >= base && start + inner.count <= base + whole.count
      }
    }
  }
}
