import MTLEngine
import MTLGraph
import MTLNetworks
import MTLTasks
import Synchronization

/// The outputs of one run. Owns its memory, so it stays valid and unchanged after later runs and without its session.
@safe public final class InferenceResult: @unchecked Sendable {
  public let model: Model
  /// Images in the batch.
  public private(set) var batch = 0
  /// Indices of the tasks that were run.
  public private(set) var tasks: [Int] = []
  /// By position in `tasks`.
  private var shapes: [Shape] = []
  private var offsets: [Int] = []
  private var memory: Memory
  private let pool: ResultPool
  /// References that the C interface has given out.
  public let references = Atomic<Int>(0)
  private let isFree = AtomicFlag()

  init(model: Model, pool: ResultPool) {
    self.model = model
    self.pool = pool
    memory = Memory(count: 0)
  }

  /// Makes room for outputs of these shapes. Allocates only when they differ from the last ones.
  func prepare(batch: Int, tasks: [Int], shapes: (Int) -> Shape) {
    self.batch = batch
    if self.tasks != tasks {
      self.tasks = tasks
      self.shapes = []
    }
    if self.shapes.count == tasks.count, tasks.indices.allSatisfy({ self.shapes[$0] == shapes($0) }) { return }
    self.shapes = tasks.indices.map(shapes)
    offsets = []
    var count = 0
    for shape in self.shapes {
      offsets.append(count)
      count += (shape.elementCount + 15) / 16 * 16
    }
    if memory.count < count { memory = Memory(count: count) }
  }

  /// Where the output at this position of `tasks` is written.
  @unsafe func destination(_ position: Int) -> UnsafeMutablePointer<Float> {
    unsafe memory.base + offsets[position]
  }

  /// Shape and elements of a task's output in row-major order, valid as long as the result; nil if it did not run.
  @unsafe public func output(task: Int) -> (shape: Shape, values: UnsafeBufferPointer<Float>)? {
    guard let position = tasks.firstIndex(of: task) else { return nil }
    let values = unsafe UnsafeBufferPointer(
      start: memory.base + offsets[position], count: shapes[position].elementCount)
    return unsafe (shapes[position], values)
  }

  /// A copy of a task's output; nil if it did not run.
  public func tensor(task: Int) -> Tensor? {
    guard let output = unsafe output(task: task) else { return nil }
    return unsafe Tensor(Array(output.values), shape: output.shape)
  }

  /// The answer of a classification task for one image of the batch.
  public func classification(task: Int, image: Int) throws(MTLError) -> Classification {
    guard model.tasks.indices.contains(task), let output = unsafe output(task: task) else {
      throw MTLError(.notFound, "task \(task)", "was not run")
    }
    let description = model.tasks[task]
    guard description.kind == .classification, unsafe output.shape.rank == 2 else {
      throw MTLError(.invalidArgument, "task '\(description.name)'", "is no classification")
    }
    guard (0..<batch).contains(image) else {
      throw MTLError(.invalidArgument, "image", expected: "0 to \(batch - 1)", found: "\(image)")
    }
    let classes = unsafe output.shape[1]
    let row = unsafe UnsafeBufferPointer(rebasing: output.values[image * classes..<(image + 1) * classes])
    guard let answer = unsafe Classification(row, form: description.form) else {
      throw MTLError(
        .invalidState, "task '\(description.name)'",
        "its output holds only NaN: the input or the weights are no finite numbers")
    }
    return answer
  }

  /// Gives the result back to its session for the next run. Nobody may use it afterwards; a second call does nothing.
  public func recycle() {
    if isFree.take() { pool.add(self) }
  }

  /// Back in use, by the run that took it out of the pool.
  func reuse() { isFree.clear() }

  /// Floats on the heap.
  @safe private final class Memory {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
      self.count = count
      unsafe base = .allocate(capacity: max(count, 1))
    }

    deinit { unsafe base.deallocate() }
  }
}

/// Results that wait for the next run of their session.
final class ResultPool: Sendable {
  private struct State {
    var free: [InferenceResult] = []
    var isClosed = false
  }

  private let state = Mutex(State())

  /// A free result; nil if a new one has to be made.
  func take() -> InferenceResult? {
    let result = state.withLock { $0.free.popLast() }
    result?.reuse()
    return result
  }

  func add(_ result: InferenceResult) {
    state.withLock { state in
      if !state.isClosed { state.free.append(result) }
    }
  }

  /// The session is gone: results that come back are freed.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.free = []
    }
  }
}
