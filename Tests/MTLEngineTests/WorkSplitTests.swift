import TestSupport
import Testing

@testable import MTLEngine

@Suite struct WorkSplitTests {
  @Test func itemsCoverTheGridOnce() {
    var random = SeededRandom(seed: 8)
    for _ in 0..<500 {
      let (groups, rows) = (random.integer(0...20), random.integer(0...40))
      let split = WorkSplit(
        groupCount: groups, rowCount: rows, stripsWanted: random.integer(1...5), work: random.integer(0...20_000_000),
        threadCount: random.integer(1...9))
      var covered = [Int](repeating: 0, count: max(groups, 1) * max(rows, 1))
      for item in 0..<split.itemCount {
        for group in split.groupRange(item) {
          for row in split.rowRange(item) { covered[group * max(rows, 1) + row] += 1 }
        }
      }
      #expect(covered.allSatisfy { $0 == 1 })
    }
  }

  @Test func littleWorkIsNotSplit() {
    #expect(WorkSplit(groupCount: 9, rowCount: 9, work: 150_000, threadCount: 8).itemCount == 1)
    #expect(WorkSplit(groupCount: 9, rowCount: 9, work: .max, threadCount: 1).itemCount == 1)
    #expect(WorkSplit(groupCount: 4, rowCount: 90, work: .max, threadCount: 2).itemCount == 8)
    #expect(WorkSplit(groupCount: 4, rowCount: 1, work: .max, threadCount: 1024).itemCount == 4)
    #expect(WorkSplit(groupCount: 9, rowCount: 9, stripsWanted: 3, work: 10, threadCount: 1).strips == 3)
  }
}
