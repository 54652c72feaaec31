import CMTLKernels

/// Measures how many multiply-accumulates of float32 in a second some threads reach together when nothing but arithmetic
/// holds them up: what a layer's own rate is a share of.
final class PeakRate: ParallelWork {
  private static let itemNanoseconds: UInt64 = 4_000_000
  private static let tries = 5
  private let kernels: KernelSet
  private var rounds: Int64 = 1 << 10
  private let macsOfRound = Int64(MTLK_PEAK_BLOCKS) * Int64(MTLK_LANE)

  private init(_ kernels: KernelSet) { self.kernels = kernels }

  /// The best of a few tries: others may use the machine as well.
  static func measure(_ kernels: KernelSet, on pool: ThreadPool?, threadCount: Int) -> Double {
    let measurement = PeakRate(kernels)
    var nanoseconds = measurement.time(on: nil, 1)
    while nanoseconds < itemNanoseconds {
      measurement.rounds *= 2
      nanoseconds = measurement.time(on: nil, 1)
    }
    let count = pool == nil ? 1 : threadCount
    let best = (0..<tries).map { _ in measurement.time(on: pool, count) }.min() ?? nanoseconds
    return Double(measurement.rounds * measurement.macsOfRound * Int64(count)) / Double(max(best, 1)) * 1e9
  }

  private func time(on pool: ThreadPool?, _ count: Int) -> UInt64 {
    let start = monotonicNanoseconds()
    if let pool { pool.run(self, count: count, limit: count) } else { run(item: 0) }
    return monotonicNanoseconds() - start
  }

  func run(item: Int) {
    unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: Int(MTLK_PEAK_BLOCKS * MTLK_LANE)) { sums in
      unsafe sums.initialize(repeating: 1)
      guard let base = sums.baseAddress else { return }
      unsafe kernels.functions.pointee.multiply_adds(base, rounds)
    }
  }
}
