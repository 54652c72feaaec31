import CMTLInfer
import MTLEngine
import MTLGraph
import MTLInfer
import MTLTasks

/// A session as C sees it, with the model that it keeps alive.
final class SessionHandle {
  let model: ModelHandle
  let session: InferenceSession
  /// Lists of tasks that runs named lately, kept because a new one costs an allocation. Touched only while the session
  /// is taken.
  private var taskLists = RecentList<[Int]>()
  private let isTaken = AtomicFlag()

  init(_ model: ModelHandle, _ session: InferenceSession) {
    self.model = model
    self.session = session
  }

  /// Calls `body` with the tasks of the run's options; nil means the session's own.
  func withTasks(
    _ options: mtl_run_options, _ body: ([Int]?) throws(MTLError) -> InferenceResult
  ) throws(MTLError) -> InferenceResult {
    guard isTaken.take() else {
      throw MTLError(.busy, "session", "is in use by another thread; give each thread a session of its own")
    }
    defer { isTaken.clear() }
    guard let indices = try unsafe taskIndices(options.tasks, options.num_tasks) else { return try body(nil) }
    let tasks = taskLists.find(
      where: { list in
        unsafe indices.count == list.count && zip(indices, list).allSatisfy { $0 == UInt32(exactly: $1) }
      }, orMake: { unsafe indices.map { Int($0) } })
    return try body(tasks)
  }
}

/// The caller's list of tasks; nil where none is given.
private func taskIndices(
  _ tasks: UnsafePointer<UInt32>?, _ count: UInt32
) throws(MTLError) -> UnsafeBufferPointer<UInt32>? {
  guard let tasks = unsafe tasks else {
    guard count == 0 else { throw MTLError(.invalidArgument, "tasks", "is null, but num_tasks is \(count)") }
    return nil
  }
  guard (1...4096).contains(count) else {
    throw MTLError(.invalidArgument, "num_tasks", expected: "1 to 4096", found: "\(count)")
  }
  return unsafe UnsafeBufferPointer(start: tasks, count: Int(count))
}

@c @implementation
public func mtl_session_create(
  _ model: OpaquePointer!, _ options: UnsafePointer<mtl_session_options>!, _ out: UnsafeMutablePointer<OpaquePointer?>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let model = unsafe try object(model, "model", as: ModelHandle.self)
    let out = unsafe try required(out, "out")
    let options = unsafe try MTLInferABI.options(options, "options", zero: mtl_session_options())
    guard unsafe options.reserved == 0 else { throw MTLError(.invalidArgument, "options.reserved", "is not zero") }
    var sessionOptions = InferenceSession.Options()
    sessionOptions.threads = unsafe Int(options.max_threads)
    sessionOptions.tasks = unsafe try taskIndices(options.tasks, options.num_tasks)?.map { Int($0) }
    if unsafe options.max_plans != 0 { sessionOptions.planLimit = unsafe Int(options.max_plans) }
    if unsafe options.isa_cap != MTL_ISA_BEST {
      guard let cap = unsafe InstructionSet(rawValue: options.isa_cap) else {
        throw MTLError(.invalidArgument, "isa_cap", expected: "MTL_ISA_...", found: unsafe "\(options.isa_cap)")
      }
      sessionOptions.instructionSet = min(cap, .available)
    }
    let session = try InferenceSession(model.model, runtime: model.runtime, options: sessionOptions)
    unsafe out.pointee = unsafe handle(for: SessionHandle(model, session))
  }
}

@c @implementation
public func mtl_session_retain(_ session: OpaquePointer!) -> OpaquePointer! {
  unsafe retain(session, as: SessionHandle.self)
}

@c @implementation
public func mtl_session_release(_ session: OpaquePointer!) { unsafe release(session, as: SessionHandle.self) }

@c @implementation
public func mtl_session_reserve(
  _ session: OpaquePointer!, _ batch: UInt32, _ height: UInt32, _ width: UInt32,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(session, "session", as: SessionHandle.self)
    try handle.session.reserve(batch: Int(batch), height: Int(height), width: Int(width))
  }
}

@c @implementation
public func mtl_session_stats(
  _ session: OpaquePointer!, _ out: UnsafeMutablePointer<mtl_stats>!, _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(session, "session", as: SessionHandle.self)
    let statistics = try handle.session.statistics()
    try unsafe fill(out, "out", zero: mtl_stats()) { info throws(MTLError) in
      info.threads = UInt32(statistics.threads)
      info.runs = statistics.engine.runs
      info.plan_builds = statistics.engine.planBuilds
      info.plan_hits = statistics.engine.planHits
      info.arena_bytes = UInt64(statistics.engine.arenaBytes)
      info.packed_weight_bytes = UInt64(statistics.packedWeightBytes)
      info.prepare_nanoseconds = statistics.prepareNanoseconds
      info.encoder_nanoseconds = statistics.encoderNanoseconds
      info.heads_nanoseconds = statistics.headsNanoseconds
      info.total_nanoseconds = statistics.totalNanoseconds
    }
  }
}

@c @implementation
public func mtl_session_head_time(
  _ session: OpaquePointer!, _ task: UInt32, _ out: UnsafeMutablePointer<UInt64>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(session, "session", as: SessionHandle.self)
    let out = unsafe try required(out, "out")
    unsafe out.pointee = try handle.session.headNanoseconds(task: handle.model.checked(task: task))
  }
}
