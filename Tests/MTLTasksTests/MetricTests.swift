import FoundationEssentials
import MTLNetworks
import TestSupport
import Testing

@testable import MTLTasks

@Suite struct MetricTests {
  private func figure(_ metric: some Metric, _ name: String) throws -> Double {
    try #require(metric.figures.first { $0.name == name }).value
  }

  @Test(arguments: [1, 2, 9, 1000, 100_001]) func mediansOfMany(_ count: Int) {
    var random = SeededRandom(seed: UInt64(count))
    let values = random.floats(count, in: 0...180).map(Double.init)
    var median = RunningMedian()
    for value in values { median.add(value) }
    let sorted = values.sorted()
    let expected = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    #expect(abs(median.median - expected) <= 2.5e-7 * expected)
    #expect(median.count == count)
  }

  @Test func mediansOfExtremes() {
    var median = RunningMedian()
    #expect(median.median == 0)
    for value in [0.0, 0, 180] { median.add(value) }
    #expect(median.median < 0.001)
  }

  /// What is saved and read again goes on as if nothing had happened.
  @Test func metricsSurviveBeingSaved() throws {
    var metric = NormalMetric()
    #expect(metric.figures.isEmpty)
    var random = SeededRandom(seed: 4)
    func add(to metric: inout NormalMetric, _ random: inout SeededRandom) throws {
      let values = random.floats(3 * 30)
      let truth = random.floats(3 * 30)
      try unsafe values.withUnsafeBufferPointer { buffer in
        let maps = unsafe FeatureMaps(base: try #require(buffer.baseAddress), channels: 3, height: 5, width: 6)
        let sampler = MapSampler(
          maps, input: (6, 5), placement: .identity, picture: (6, 5), upsampling: .centers)
        metric.add(try #require(NormalMap(sampler)), truth: truth)
      }
    }
    try add(to: &metric, &random)
    var saved = try JSONDecoder().decode(NormalMetric.self, from: JSONEncoder().encode(metric))
    var again = random
    try add(to: &metric, &random)
    try add(to: &saved, &again)
    #expect(metric.figures == saved.figures && metric.figures.count == 6)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(RunningMedian.self, from: Data("[1]".utf8)) }
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(RunningMedian.self, from: Data("[18446744073709551615, 1]".utf8))
    }
  }

  @Test func classesThatDoNotOccurAreLeftOut() throws {
    var metric = try #require(ClassificationMetric(classCount: 5))
    #expect([(0, 0), (0, 1), (3, 3), (1, 1)].allSatisfy { metric.add(prediction: $0.0, truth: $0.1) })
    let accepted = [metric.add(prediction: 5, truth: 0), metric.add(prediction: 0, truth: -1)]
    #expect(accepted == [false, false])
    #expect(try figure(metric, "accuracy") == 0.75)
    // Of classes 0, 1 and 3: 2/3, 2/3 and 1.
    #expect(abs(try figure(metric, "macro_f1") - 7.0 / 9) <= 1e-12)
    #expect(ClassificationMetric(classCount: 1 << 20) == nil)
  }

  @Test func severalLabels() throws {
    var metric = MultiLabelMetric(labelCount: 3)
    let answers = [[0.9, 0.2, 0.1], [0.8, 0.7, 0.1]].map { MultiLabel($0.map(Float.init), form: .probabilities) }
    let accepted = [
      metric.add(answers[0], truth: [true, false, false]), metric.add(answers[1], truth: [false, true, false]),
      metric.add(answers[0], truth: [true]),
    ]
    #expect(accepted == [true, true, false])
    #expect(abs(try figure(metric, "label_accuracy") - 5.0 / 6) <= 1e-12)
    #expect(try figure(metric, "exact_match") == 0.5)
    #expect(abs(try figure(metric, "macro_f1") - (2.0 / 3 + 1 + 0) / 3) <= 1e-12)
  }

  @Test func numbers() throws {
    var metric = RegressionMetric(unit: "years")
    for (value, truth) in [(30.0, 33.0), (41, 40)] { metric.add(prediction: value, truth: truth) }
    #expect(try figure(metric, "mean_absolute_error") == 2)
    #expect(abs(try figure(metric, "rmse") - 5.0.squareRoot()) <= 1e-12)
    #expect(metric.figures.allSatisfy { $0.unit == "years" && !$0.isHigherBetter })
  }
}
