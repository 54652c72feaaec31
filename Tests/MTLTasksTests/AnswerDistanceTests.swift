import MTLGraph
import MTLNetworks
import Testing

@testable import MTLTasks

/// What one answer differs from another by.
struct AnswerDistanceTests {
  private static func distance(
    _ kind: TaskDescription.Kind, _ left: [Float], _ right: [Float], _ shape: Shape,
    form: TaskDescription.Form? = nil
  ) -> Double {
    let task = TaskDescription(name: "t", kind: kind, form: form)
    let (wrong, all) = AnswerDistance(task).measure(Tensor(left, shape: shape), Tensor(right, shape: shape))
    return wrong / all
  }

  @Test func classesOfPixels() {
    // Of four pixels the second one changes.
    let left: [Float] = [1, 1, 0, 0, 0, 0, 1, 1]
    let right: [Float] = [1, 0.2, 0, 0, 0, 0.3, 1, 9]
    #expect(Self.distance(.segmentation, left, right, [1, 2, 2, 2]) == 25)
    #expect(Self.distance(.segmentation, left, left, [1, 2, 2, 2]) == 0)
  }

  @Test func probabilitiesOfPictures() {
    let moved = Self.distance(.classification, [0.7, 0.3], [0.6, 0.4], [1, 2], form: .probabilities)
    #expect(abs(moved - 10) < 1e-5)
    // Half and half becomes three quarters and one.
    #expect(abs(Self.distance(.classification, [0, 0], [1.0986123, 0], [1, 2]) - 25) < 1e-4)
    #expect(Self.distance(.classification, [1000, 0], [999, 0], [1, 2]) < 1e-9)
  }

  @Test func anglesOfNormals() {
    #expect(abs(Self.distance(.normals, [1, 0, 0], [0, 2, 0], [1, 3, 1, 1]) - 90) < 1e-9)
    #expect(Self.distance(.normals, [3, 4, 0], [3, 4, 0], [1, 3, 1, 1]) < 1e-3)
    #expect(Self.distance(.normals, [0, 0, 0], [0, 2, 0], [1, 3, 1, 1]).isNaN)
  }

  @Test func otherNumbersInPercent() {
    #expect(abs(Self.distance(.depth, [2, -2], [2.2, -2], [1, 1, 1, 2]) - 5) < 1e-4)
    #expect(AnswerDistance(TaskDescription(name: "t", kind: .depth)).unit == "%")
  }
}
