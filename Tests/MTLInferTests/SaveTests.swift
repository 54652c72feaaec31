import Glibc
import MTLFormats
import MTLGraph
import MTLInfer
import TestSupport
import Testing

/// The library's own file, written from checkpoints of every published network.
@Suite("Saving models")
struct SaveTests {
  /// The same bits come out, and the same tasks and notes of both ends.
  @Test(arguments: PublishedNetworkTests.names)
  func keepsEveryBit(_ name: String) throws {
    let model = try Model.open(path: "\(Fixtures.folder)/recipes/\(name)")
    let path = "/tmp/mtl-save-\(getpid())-\(name).mtl"
    try model.save(to: path)
    defer { unsafe unlink(path) }
    let saved = try Model.open(path: path)
    #expect(saved.tasks.map(\.name) == model.tasks.map(\.name))
    #expect(saved.tasks.map(\.kind) == model.tasks.map(\.kind))
    #expect(saved.tasks.map(\.form) == model.tasks.map(\.form))
    #expect(saved.tasks.map(\.labels) == model.tasks.map(\.labels))
    #expect(saved.input == model.input)
    #expect(saved.networkName == model.networkName)
    #expect(saved.totalCost.parameters == model.totalCost.parameters)
    let input = try Fixtures.tensor("recipes/\(name)/input.npy")
    let (before, after) = (try answers(model, input), try answers(saved, input))
    #expect(before == after)
  }

  private func answers(_ model: Model, _ input: Tensor) throws -> [[UInt32]] {
    let session = try InferenceSession(model, runtime: Runtime(threads: 1))
    let result = try session.run(tensor: input)
    return try model.tasks.indices.map { task in
      try #require(result.tensor(task: task)).floats().map(\.bitPattern)
    }
  }

  @Test func aPartOfAModelIsNotSaved() throws {
    let encoders = PublishedNetworkTests.names.lazy.compactMap { name in
      try? Model.open(path: "\(Fixtures.folder)/recipes/\(name)").encoder()
    }
    let encoder = try #require(encoders.first)
    #expect(throws: MTLError.self) { try encoder.save(to: "/tmp/mtl-save-never.mtl") }
  }
}
