import MTLEngine
import MTLGraph

/// The threads that sessions run on. Share one among all models of a process.
public final class Runtime: Sendable {
  public let pool: ThreadPool

  /// A runtime of its own threads; 0 means every processor that this process may use. No thread starts before the first
  /// run that can use it.
  public init(threads: Int = 0, spinMicroseconds: Int = ThreadPool.defaultSpinMicroseconds) throws(MTLError) {
    guard (0...ThreadPool.maximumWidth).contains(threads) else {
      throw MTLError(
        .invalidArgument, "threads", expected: "0 to \(ThreadPool.maximumWidth)", found: "\(threads)")
    }
    pool = ThreadPool(width: threads, spinMicroseconds: spinMicroseconds)
  }

  public init(pool: ThreadPool) {
    self.pool = pool
  }

  /// The process's own runtime, made at first use.
  public static let shared = Runtime(pool: .shared)
}
