import MTLGraph
import MTLInfer
import MTLTasks
import TestSupport
import Testing

@Suite("Objects of a result")
struct ObjectTests {
  private func run(_ name: String) throws -> (Model, InferenceResult) {
    let model = try Model.open(path: "\(Fixtures.folder)/recipes/\(name)")
    let session = try InferenceSession(model, runtime: Runtime(threads: 1))
    return (model, try session.run(tensor: Fixtures.tensor("recipes/\(name)/input.npy")))
  }

  @Test func objectsAndPersons() throws {
    let (model, result) = try run("centernet-multitask-res18")
    let (detection, pose) = (try model.taskIndex("detection"), try model.taskIndex("pose"))
    let objects = try result.detections(task: detection, image: 0)
    #expect(!objects.isEmpty && objects.count <= 100 && objects.allSatisfy { (0..<4).contains($0.index) })
    let (persons, points) = try result.keyPoints(task: pose, image: 0)
    #expect(points.count == persons.count * 17)
    // A person is an object of the first class.
    let first = objects.filter { $0.index == 0 }
    #expect(first.allSatisfy { persons.contains($0) })
    let sure = try result.detections(task: detection, image: 0, above: 0.5)
    #expect(sure == Array(objects.prefix { $0.score > 0.5 }))
  }

  @Test func otherTasksHaveNone() throws {
    let (model, result) = try run("centernet-multitask-res18")
    let segmentation = try model.taskIndex("segmentation")
    let error = failure { () throws(MTLError) in try result.detections(task: segmentation, image: 0) }
    #expect(error?.description == "task 'segmentation': is no detection")
    let pose = failure { () throws(MTLError) in try result.keyPoints(task: 0, image: 0) }
    #expect(pose?.description == "task 'detection': is no key_points")
    let image = failure { () throws(MTLError) in try result.detections(task: 0, image: 1) }
    #expect(image?.kind == .invalidArgument)
    let missing = failure { () throws(MTLError) in try result.detections(task: 9, image: 0) }
    #expect(missing?.kind == .notFound)
  }
}
