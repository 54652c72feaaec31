import Glibc
import MTLEngine
import MTLFormats
import MTLGraph
import MTLInfer
import TestSupport
import Testing

/// Thin checkpoints of every published network, made by tools/make_recipe_fixtures.py, against PyTorch's answers.
@Suite("Published networks against PyTorch")
struct PublishedNetworkTests {
  static let names = folderNames(Fixtures.folder + "/recipes")

  @Test(arguments: names)
  func answersAsPyTorch(_ name: String) throws {
    let folder = "recipes/\(name)"
    let model = try Model.open(path: "\(Fixtures.folder)/\(folder)")
    let input = try Fixtures.tensor("\(folder)/input.npy")
    for kernels in KernelSet.verified {
      var options = InferenceSession.Options()
      options.instructionSet = kernels.instructionSet
      let session = try InferenceSession(model, runtime: Runtime(threads: 2), options: options)
      let result = try session.run(tensor: input)
      for (index, task) in model.tasks.enumerated() {
        let expected = try Fixtures.tensor("\(folder)/expected_\(task.name).npy")
        let found = try #require(result.tensor(task: index))
        #expect(found.shape == expected.shape, "\(task.name)")
        let values = try expected.floats()
        let range = (values.max() ?? 0) - (values.min() ?? 0)
        let difference = largestDifference(try found.floats(), values)
        #expect(difference <= 1e-4 * max(range, 1e-3), "\(task.name) on \(kernels.instructionSet.name)")
        print("\(name), \(task.name), \(kernels.instructionSet.name): \(difference) of a range of \(range)")
      }
    }
  }

  /// Nothing on the way from image to outputs is left to the reference evaluation.
  @Test(arguments: names)
  func everyStepHasAKernel(_ name: String) throws {
    let model = try Model.open(path: "\(Fixtures.folder)/recipes/\(name)")
    let shape = try Fixtures.tensor("recipes/\(name)/input.npy").shape
    let session = try InferenceSession(model, runtime: Runtime(threads: 1))
    let left = try session.planDescription(height: shape[2], width: shape[3]).filter { $0.kernel.contains("reference") }
    #expect(left.isEmpty, "\(left.map { "\($0.node): \($0.kernel)" })")
  }

  /// Every expected output belongs to a task: none is left out.
  @Test(arguments: names)
  func hasEveryTask(_ name: String) throws {
    let tasks = Set(try Model.open(path: "\(Fixtures.folder)/recipes/\(name)").tasks.map { "expected_\($0.name).npy" })
    let files = folderNames("\(Fixtures.folder)/recipes/\(name)").filter { $0.hasPrefix("expected_") }
    #expect(Set(files) == tasks)
  }
}

/// What is in a folder, sorted.
func folderNames(_ path: String) -> [String] {
  guard let folder = unsafe opendir(path) else { return [] }
  defer { unsafe closedir(folder) }
  var names: [String] = []
  while let entry = unsafe readdir(folder) {
    let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { name in
      unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
    }
    if !name.hasPrefix(".") { names.append(name) }
  }
  return names.sorted()
}
