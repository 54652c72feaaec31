import Glibc
import MTLGraph
import Synchronization
import TestSupport
import Testing

@testable import MTLEngine

@Suite("Threads", .serialized) struct ThreadPoolTests {
  /// Runs `count` items and says whether each ran exactly once.
  private func isComplete(_ pool: ThreadPool, _ count: Int, limit: Int = 8) -> Bool {
    let work = CountingWork()
    guard pool.take() else { return false }
    pool.run(work, count: count, limit: limit)
    pool.giveBack()
    return work.count.load(ordering: .relaxed) == count && work.sum.load(ordering: .relaxed) == count * (count - 1) / 2
  }

  @Test func everyItemRunsOnce() {
    for width in [1, 2, 3, 8] {
      let pool = ThreadPool(width: width)
      for count in [0, 1, 2, 3, 7, 100, 5000] { #expect(isComplete(pool, count), "\(width) threads, \(count) items") }
      #expect(isComplete(pool, 100, limit: 1) && isComplete(pool, 100, limit: 2))
    }
  }

  /// More jobs than the 16 bits of their number, so that it wraps; awake and asleep.
  @Test(arguments: [0, 50]) func manyTinyJobs(_ spinMicroseconds: Int) {
    let pool = ThreadPool(width: 2, spinMicroseconds: spinMicroseconds)
    let jobs = spinMicroseconds == 0 ? 10_000 : 70_000
    var failures = 0
    for _ in 0..<jobs where !isComplete(pool, 3) { failures += 1 }
    #expect(failures == 0)
  }

  /// Two items of which each waits for the other to begin: the worker takes part, spinning or asleep before.
  @Test(arguments: [0, 100_000]) func workersTakePart(_ spinMicroseconds: Int) {
    let pool = ThreadPool(width: 2, spinMicroseconds: spinMicroseconds)
    for _ in 0..<5 {
      let work = MeetingWork(2)
      #expect(pool.take())
      pool.run(work, count: 2, limit: 2)
      pool.giveBack()
      #expect(work.met.load(ordering: .relaxed) == 2)
      usleep(3000)
    }
  }

  @Test func widths() {
    #expect(ThreadPool(width: 1).width == 1 && ThreadPool(width: 5).width == 5)
    #expect(ThreadPool(width: -3).width == 1 && ThreadPool(width: .max).width == ThreadPool.maximumWidth)
    #expect(ThreadPool().width == availableProcessorCount() && availableProcessorCount() >= 1)
    #expect(isComplete(ThreadPool(width: 2, spinMicroseconds: -1), 10))
  }

  /// What a pool started is gone when the pool is.
  @Test func threadsEndWithTheirPool() {
    let work = MeetingWork(4)
    do {
      let pool = ThreadPool(width: 4)
      #expect(pool.take())
      pool.run(work, count: 4, limit: 4)
      pool.giveBack()
      usleep(2000)
    }
    let workers = work.threads.withLock { $0.subtracting([currentThread()]) }
    #expect(workers.count == 3)
    // The kernel may list a joined thread a moment longer.
    for _ in 0..<1000 where workers.contains(where: isAlive) { usleep(1000) }
    #expect(!workers.contains(where: isAlive))
  }

  private func isAlive(_ thread: String) -> Bool { unsafe access("/proc/" + thread, F_OK) == 0 }

  @Test func oneRunAtATimeHasTheWorkers() {
    let pool = ThreadPool(width: 2)
    #expect(pool.take() && !pool.take())
    pool.giveBack()
    #expect(pool.take())
    pool.giveBack()
  }

  /// Sessions of many threads on one pool: each run is right, whether it got the workers or not.
  @Test func manySessionsOnOnePool() throws {
    let random = RandomNetwork(seed: 5)
    let network = try Network(random.graph)
    let inputs = (0..<8).map { random.input(UInt64($0)) }
    let expected = try inputs.map { try bits(Session(testing: network).run($0)) }
    let pool = ThreadPool(width: 3)
    let right = Atomic<Int>(0)
    runOnThreads(8) { thread in
      let session = Session(testing: network, pool: pool)
      for _ in 0..<50 where (try? bits(session.run(inputs[thread]))) == expected[thread] {
        right.wrappingAdd(1, ordering: .relaxed)
      }
    }
    #expect(right.load(ordering: .relaxed) == 400)
  }

  @Test func hostThreadsAreUsed() throws {
    let calls = HostCalls()
    let host = unsafe ThreadPool.HostThreads(user: Unmanaged.passUnretained(calls).toOpaque()) {
      user, count, work, context in
      let calls = unsafe Unmanaged<HostCalls>.fromOpaque(user!).takeUnretainedValue()
      calls.jobs.wrappingAdd(1, ordering: .relaxed)
      calls.items.wrappingAdd(Int(count), ordering: .relaxed)
      for index in (0..<count).reversed() { unsafe work!(context, index) }
    }
    let pool = ThreadPool(width: 4, host: host)
    #expect(isComplete(pool, 25))
    #expect(calls.jobs.load(ordering: .relaxed) == 1 && calls.items.load(ordering: .relaxed) == 25)
    #expect(isComplete(pool, 1) && isComplete(pool, 25, limit: 1))
    #expect(calls.jobs.load(ordering: .relaxed) == 1)
    var random = SeededRandom(seed: 7)
    var graph = Graph()
    let weight = graph.addConstant(random.tensor([32, 16, 3, 3]))
    graph.addOutput("y", graph.add(Convolution(), name: "conv", [graph.addInput("x"), weight]))
    let (network, input) = (try Network(graph), random.tensor([1, 16, 20, 20]))
    #expect(try bits(Session(testing: network, pool: pool).run(input)) == bits(Session(testing: network).run(input)))
    #expect(calls.jobs.load(ordering: .relaxed) == 2)
    withExtendedLifetime(calls) {}
  }

  /// Calls `body` on `count` threads of this test's own and waits for them.
  private func runOnThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    final class Start {
      let number: Int
      let body: @Sendable (Int) -> Void
      init(_ number: Int, _ body: @escaping @Sendable (Int) -> Void) { (self.number, self.body) = (number, body) }
    }
    var threads: [pthread_t] = []
    for number in 0..<count {
      var thread = pthread_t()
      let start = unsafe Unmanaged.passRetained(Start(number, body)).toOpaque()
      let status = unsafe pthread_create(
        &thread, nil,
        { context in
          let start = unsafe Unmanaged<Start>.fromOpaque(context!).takeRetainedValue()
          start.body(start.number)
          return nil
        }, start)
      if status == 0 { threads.append(thread) }
    }
    #expect(threads.count == count)
    for thread in threads { pthread_join(thread, nil) }
  }
}

/// "PROCESS/task/THREAD" of the calling thread.
private func currentThread() -> String {
  var text = [CChar](repeating: 0, count: 64)
  let count = unsafe readlink("/proc/thread-self", &text, text.count)
  return String(decoding: text.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Items that wait until as many as `partyCount` have begun, for ten seconds at most.
private final class MeetingWork: ParallelWork {
  private let partyCount: Int
  private let begun = Atomic<Int>(0)
  let met = Atomic<Int>(0)
  let threads = Mutex<Set<String>>([])

  init(_ partyCount: Int) {
    self.partyCount = partyCount
  }

  func run(item: Int) {
    _ = threads.withLock { $0.insert(currentThread()) }
    begun.wrappingAdd(1, ordering: .sequentiallyConsistent)
    let deadline = monotonicNanoseconds() + 10_000_000_000
    while begun.load(ordering: .sequentiallyConsistent) < partyCount {
      if monotonicNanoseconds() > deadline { return }
      sched_yield()
    }
    met.wrappingAdd(1, ordering: .relaxed)
  }
}

private final class HostCalls: Sendable {
  let jobs = Atomic<Int>(0)
  let items = Atomic<Int>(0)
}
