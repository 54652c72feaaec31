import Glibc
import MTLNetworks
import Testing

@testable import MTLTasks

@Suite("Classification")
struct ClassificationTests {
  private func classify(_ values: [Float], _ form: TaskDescription.Form) -> Classification? {
    unsafe values.withUnsafeBufferPointer { unsafe Classification($0, form: form) }
  }

  @Test func probabilitiesAreTakenAsTheyAre() {
    let answer = classify([0.1, 0.7, 0.2], .probabilities)
    #expect(answer?.index == 1 && answer?.confidence == 0.7)
  }

  @Test func logitsBecomeProbabilities() throws {
    let answer = try #require(classify([1, 3, 2], .logits))
    #expect(answer.index == 1)
    #expect(abs(answer.confidence - 0.66524096) < 1e-6)
  }

  @Test func largeLogitsDoNotOverflow() {
    #expect(classify([3e38, -3e38, 0], .logits)?.confidence == 1)
    #expect(classify([-1000, -1000], .logits)?.confidence == 0.5)
  }

  @Test(arguments: [TaskDescription.Form.logits, .probabilities])
  func firstOfEqualsWins(_ form: TaskDescription.Form) {
    #expect(classify([0.25, 0.375, 0.375], form)?.index == 1)
    #expect(classify([0, -0.0], form)?.index == 0)
  }

  @Test(arguments: [TaskDescription.Form.logits, .probabilities])
  func notANumberNeverWins(_ form: TaskDescription.Form) {
    #expect(classify([.nan, 0.5, .nan, 0.25], form)?.index == 1)
    #expect(classify([.nan, .nan], form) == nil)
    #expect(classify([], form) == nil)
  }

  @Test func confidenceIsANumber() throws {
    let besideNaN = try #require(classify([.nan, 0, 0], .logits))
    #expect(besideNaN.confidence == 0.5)
    let infinite = try #require(classify([.infinity, 0, .infinity], .logits))
    #expect(infinite.index == 0 && infinite.confidence == 0.5)
    #expect(classify([-.infinity, -.infinity], .logits)?.confidence == 0.5)
  }
}
