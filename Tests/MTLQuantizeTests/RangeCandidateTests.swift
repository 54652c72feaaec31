import MTLGraph
import TestSupport
import Testing

@testable import MTLQuantize

/// Which ranges of a value are tried.
struct RangeCandidateTests {
  private static func statistics(_ values: [Float]) -> ValueStatistics {
    var statistics = ValueStatistics()
    unsafe values.withUnsafeBufferPointer { values in
      unsafe statistics.widen(values)
      unsafe statistics.count(values)
    }
    return statistics
  }

  private static func high(_ grid: ByteGrid) -> Float { grid.value(of: 255) }

  @Test func countsEverything() {
    let statistics = Self.statistics([-1, 0, 0, 0.5, 3])
    #expect(statistics.low == -1 && statistics.high == 3)
    #expect(statistics.zeroCount == 2)
    #expect(statistics.bins.reduce(0, +) == 3)
    #expect(statistics.bins.first == 1 && statistics.bins.last == 1)
    #expect(!statistics.hasStrangers)
    for strange in [Float.nan, .infinity, -.infinity] { #expect(Self.statistics([0, strange, 1]).hasStrangers) }
  }

  @Test func theWholeRangeIsFirst() throws {
    var random = SeededRandom(seed: 1)
    let statistics = Self.statistics(random.floats(10_000, in: -2...6))
    let first = try #require(statistics.candidates.first)
    #expect(first == ByteGrid(covering: statistics.low, statistics.high))
  }

  @Test func outliersAreCutOff() throws {
    var random = SeededRandom(seed: 2)
    let values = random.floats(100_000, in: 0...1).map { $0 * $0 } + [40]
    let candidates = Self.statistics(values).candidates
    let highs = candidates.map(Self.high)
    #expect(candidates.count > 2)
    #expect(highs.contains { $0 > 39 } && highs.contains { $0 < 1.2 })
    #expect(candidates.allSatisfy { $0.zeroPoint == 0 })
  }

  @Test func mostlyZerosKeepTheRest() throws {
    let values = [Float](repeating: 0, count: 100_000) + (0..<50).map { Float($0) / 10 }
    #expect(Self.statistics(values).candidates.allSatisfy { Self.high($0) > 0 })
  }

  @Test func constantsHaveOneRangeOrNone() {
    #expect(Self.statistics([0, 0]).candidates.isEmpty)
    #expect(Self.statistics([2, 2]).candidates == [ByteGrid(covering: 0, 2)])
  }
}
