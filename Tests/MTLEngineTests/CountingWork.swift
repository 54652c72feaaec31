import Synchronization

@testable import MTLEngine

/// Adds up the numbers of the items that it runs.
final class CountingWork: ParallelWork {
  let sum = Atomic<Int>(0)
  let count = Atomic<Int>(0)

  func run(item: Int) {
    sum.wrappingAdd(item, ordering: .relaxed)
    count.wrappingAdd(1, ordering: .relaxed)
  }
}
