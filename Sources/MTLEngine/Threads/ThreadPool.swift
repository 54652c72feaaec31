import Glibc
import Synchronization

/// The threads of a runtime: our own workers, or the host's through its `parallelFor`.
///
/// The caller of `run` always works too. One run at a time uses the workers; a run that finds them taken goes on alone,
/// so that no session ever waits for another. No thread exists before the first parallel run. After a fork the child
/// makes workers of its own.
@safe public final class ThreadPool: @unchecked Sendable {
  /// The host's own threads.
  @safe public struct HostThreads {
    /// Runs `work(context, index)` for every index below `count` and returns when all are done.
    public typealias ParallelFor =
      @convention(c) (
        UnsafeMutableRawPointer?, UInt32, (@convention(c) (UnsafeMutableRawPointer?, UInt32) -> Void)?,
        UnsafeMutableRawPointer?
      ) -> Void

    let user: UnsafeMutableRawPointer?
    let parallelFor: ParallelFor

    @unsafe public init(user: UnsafeMutableRawPointer?, parallelFor: @escaping ParallelFor) {
      unsafe self.user = user
      unsafe self.parallelFor = parallelFor
    }
  }

  /// How many items can make progress at once, the caller's included.
  public let width: Int
  private let spinNanoseconds: UInt64
  private let host: HostThreads?
  /// The process whose run has the workers; 0 when they are free.
  private let holder = Atomic<pid_t>(0)
  /// Read and written only by the holder.
  private var workers: Workers?
  /// What the host's threads run; kept, because a new one would cost an allocation in every step.
  private let hostWork = WorkBox()

  public static let defaultSpinMicroseconds = 50
  public static let maximumWidth = 1024

  /// `width` 0 means every processor that this process may use.
  public init(width: Int = 0, spinMicroseconds: Int = ThreadPool.defaultSpinMicroseconds, host: HostThreads? = nil) {
    self.width = min(max(1, width == 0 ? availableProcessorCount() : width), ThreadPool.maximumWidth)
    spinNanoseconds = UInt64(max(0, spinMicroseconds)) * 1000
    self.host = host
  }

  /// The pool of all sessions without a runtime of their own.
  public static let shared = ThreadPool()

  /// Takes the workers for one run; false when another run has them. After a fork a flag that another thread held in
  /// the parent is ignored: its holder does not exist here.
  func take() -> Bool {
    let current = getpid()
    let holder = holder.load(ordering: .relaxed)
    guard holder != current,
      self.holder.compareExchange(expected: holder, desired: current, ordering: .acquiring).exchanged
    else { return false }
    if let workers, workers.processID != current { abandonWorkers() }
    return true
  }

  func giveBack() { holder.store(0, ordering: .releasing) }

  /// Forgets workers that a fork left behind. Their record leaks: threads that do not exist cannot be joined, and the
  /// lock they slept on cannot be destroyed.
  private func abandonWorkers() {
    if let workers { unsafe _ = Unmanaged.passRetained(workers) }
    workers = nil
  }

  /// Runs all items, on at most `limit` threads. Only between `take` and `giveBack`.
  func run(_ work: any ParallelWork, count: Int, limit: Int) {
    // Batches of millions of images have more items than a job can number; each is tiny.
    guard (2...Workers.maximumItemCount).contains(count), min(width, limit) > 1 else {
      for item in 0..<count { work.run(item: item) }
      return
    }
    if let host {
      runOnHost(host, work, count)
    } else {
      startedWorkers().run(work, count: count, limit: limit)
    }
  }

  private func startedWorkers() -> Workers {
    if let workers { return workers }
    let started = Workers(count: width - 1, spinNanoseconds: spinNanoseconds)
    workers = started
    return started
  }

  private func runOnHost(_ host: HostThreads, _ work: any ParallelWork, _ count: Int) {
    hostWork.work = work
    unsafe host.parallelFor(
      host.user, UInt32(count),
      { context, index in
        guard let context = unsafe context else { return }
        unsafe Unmanaged<WorkBox>.fromOpaque(context).takeUnretainedValue().work?.run(item: Int(index))
      }, Unmanaged.passUnretained(hostWork).toOpaque())
    hostWork.work = nil
  }

  deinit {
    if let workers, workers.processID == getpid() { workers.stop() } else { abandonWorkers() }
  }
}

private final class WorkBox {
  var work: (any ParallelWork)?
}
