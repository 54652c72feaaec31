import CMTLKernels
import Glibc
import Synchronization

/// Threads that wait for work: first spinning, so that the next layer starts at once, then asleep.
///
/// All shared state of a job is one 64-bit word, generation | item count | next item, so that claiming an item is one
/// addition and a thread that comes late can never take an item of another job.
@safe final class Workers: @unchecked Sendable {
  let processID = getpid()
  private let spinNanoseconds: UInt64
  private let state = Atomic<UInt64>(0)
  private let completed = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let isStopping = Atomic<Bool>(false)
  /// How many workers may join the present job.
  private let openPlaces = Atomic<Int>(0)
  /// Written before the job's state is published, read after an item of it was claimed.
  private var work: (any ParallelWork)?
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let wakeUp: UnsafeMutablePointer<pthread_cond_t>
  private var threads: [pthread_t] = []

  private static let countShift: UInt64 = 24
  private static let generationShift: UInt64 = 48
  private static let fieldMask: UInt64 = (1 << 24) - 1
  static let maximumItemCount = 1 << 23

  /// Starts up to `count` threads; fewer if the system refuses.
  init(count: Int, spinNanoseconds: UInt64) {
    self.spinNanoseconds = spinNanoseconds
    unsafe lock = .allocate(capacity: 1)
    unsafe wakeUp = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(wakeUp, nil)
    // The host's signals are not ours to receive, but for those that a fault of the thread itself raises: the host's
    // crash reporter must see them. The threads inherit the mask.
    var everything = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&everything)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] { unsafe sigdelset(&everything, fault) }
    unsafe pthread_sigmask(SIG_SETMASK, &everything, &before)
    for _ in 0..<count {
      var thread = pthread_t()
      let context = unsafe Unmanaged.passUnretained(self).toOpaque()
      let status = unsafe pthread_create(
        &thread, nil,
        { context in
          if let context = unsafe context {
            unsafe Unmanaged<Workers>.fromOpaque(context).takeUnretainedValue().serve()
          }
          return nil
        }, context)
      if status == 0 { threads.append(thread) }
    }
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
  }

  /// Runs all items with the caller and at most `limit - 1` workers.
  func run(_ work: any ParallelWork, count: Int, limit: Int) {
    precondition(count <= Workers.maximumItemCount, "steps are split into fewer items")
    self.work = work
    completed.store(0, ordering: .relaxed)
    openPlaces.store(limit - 1, ordering: .relaxed)
    let generation = (state.load(ordering: .relaxed) >> Workers.generationShift) &+ 1
    state.store(
      generation << Workers.generationShift | UInt64(count) << Workers.countShift, ordering: .sequentiallyConsistent)
    if sleeping.load(ordering: .sequentiallyConsistent) > 0 { wakeAll() }
    while claimAndRun() {}
    var spins = 0
    while completed.load(ordering: .acquiring) < count {
      spins += 1
      if spins < 4096 { mtlk_pause() } else { sched_yield() }
    }
    self.work = nil
  }

  /// Claims and runs one item of the present job; false when none is left.
  private func claimAndRun() -> Bool {
    let claimed = state.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
    let item = claimed & Workers.fieldMask
    guard item < (claimed >> Workers.countShift) & Workers.fieldMask else { return false }
    work?.run(item: Int(item))
    completed.wrappingAdd(1, ordering: .releasing)
    return true
  }

  private func serve() {
    var seen = state.load(ordering: .acquiring) >> Workers.generationShift
    // The first job may have been published before this thread came up.
    if seen != 0 { seen &-= 1 }
    while let generation = waitForJob(after: seen) {
      seen = generation
      if openPlaces.wrappingSubtract(1, ordering: .relaxed).oldValue > 0 {
        while claimAndRun() {}
      }
    }
  }

  /// The generation of a job newer than `seen`, or nil when the workers stop.
  private func waitForJob(after seen: UInt64) -> UInt64? {
    let deadline = monotonicNanoseconds() + spinNanoseconds
    repeat {
      for _ in 0..<32 {
        if isStopping.load(ordering: .acquiring) { return nil }
        let generation = state.load(ordering: .acquiring) >> Workers.generationShift
        if generation != seen { return generation }
        mtlk_pause()
      }
    } while monotonicNanoseconds() < deadline
    return sleepUntilJob(after: seen)
  }

  private func sleepUntilJob(after seen: UInt64) -> UInt64? {
    unsafe pthread_mutex_lock(lock)
    sleeping.wrappingAdd(1, ordering: .sequentiallyConsistent)
    defer {
      sleeping.wrappingSubtract(1, ordering: .sequentiallyConsistent)
      unsafe pthread_mutex_unlock(lock)
    }
    while true {
      if isStopping.load(ordering: .acquiring) { return nil }
      let generation = state.load(ordering: .sequentiallyConsistent) >> Workers.generationShift
      if generation != seen { return generation }
      unsafe pthread_cond_wait(wakeUp, lock)
    }
  }

  private func wakeAll() {
    unsafe pthread_mutex_lock(lock)
    unsafe pthread_cond_broadcast(wakeUp)
    unsafe pthread_mutex_unlock(lock)
  }

  /// Ends and joins the threads. Only in the process that started them, with no job running.
  func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    wakeAll()
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  deinit {
    unsafe pthread_mutex_destroy(lock)
    unsafe pthread_cond_destroy(wakeUp)
    unsafe lock.deallocate()
    unsafe wakeUp.deallocate()
  }
}
