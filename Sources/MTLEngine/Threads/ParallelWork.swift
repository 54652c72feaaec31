/// Work in numbered pieces that may run in any order and on any thread.
public protocol ParallelWork: AnyObject {
  func run(item: Int)
}
