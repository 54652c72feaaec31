import MTLEngine
import MTLTasks

/// Lets a session's threads prepare pictures.
final class SessionThreads: PreparationThreads, ParallelWork {
  private let session: Session
  private var preparer: ImagePreparer?

  init(_ session: Session) {
    self.session = session
  }

  var width: Int { session.threadCount }

  func run(_ preparer: ImagePreparer, count: Int) {
    self.preparer = preparer
    session.share(self, count: count)
    self.preparer = nil
  }

  func run(item: Int) { preparer?.run(piece: item) }
}
