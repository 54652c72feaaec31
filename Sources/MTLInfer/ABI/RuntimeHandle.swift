import CMTLInfer
import MTLEngine
import MTLGraph
import MTLInfer

@c @implementation
public func mtl_runtime_create(
  _ options: UnsafePointer<mtl_runtime_options>!, _ out: UnsafeMutablePointer<OpaquePointer?>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let out = unsafe try required(out, "out")
    let options = unsafe try MTLInferABI.options(options, "options", zero: mtl_runtime_options())
    unsafe out.pointee = unsafe handle(for: try runtime(options))
  }
}

private func runtime(_ options: mtl_runtime_options) throws(MTLError) -> Runtime {
  guard unsafe options.reserved == 0 else { throw MTLError(.invalidArgument, "options.reserved", "is not zero") }
  let spin =
    unsafe options.spin_microseconds == 0
    ? ThreadPool.defaultSpinMicroseconds : Int(options.spin_microseconds)
  guard let hostPool = unsafe options.pool else {
    return try unsafe Runtime(threads: Int(options.num_threads), spinMicroseconds: spin)
  }
  let host = try unsafe MTLInferABI.options(hostPool, "pool", zero: mtl_thread_pool())
  guard let parallelFor = unsafe host.parallel_for else {
    throw MTLError(.invalidArgument, "pool.parallel_for", "is null")
  }
  let width = unsafe Int(host.width)
  guard (1...ThreadPool.maximumWidth).contains(width) else {
    throw MTLError(.invalidArgument, "pool.width", expected: "1 to \(ThreadPool.maximumWidth)", found: "\(width)")
  }
  return unsafe Runtime(
    pool: ThreadPool(width: width, host: ThreadPool.HostThreads(user: host.user, parallelFor: parallelFor)))
}

@c @implementation
public func mtl_runtime_retain(_ runtime: OpaquePointer!) -> OpaquePointer! {
  unsafe retain(runtime, as: Runtime.self)
}

@c @implementation
public func mtl_runtime_release(_ runtime: OpaquePointer!) { unsafe release(runtime, as: Runtime.self) }

@c @implementation
public func mtl_runtime_num_threads(_ runtime: OpaquePointer!) -> UInt32 {
  UInt32(unsafe (object(runtime, as: Runtime.self) ?? .shared).pool.width)
}
