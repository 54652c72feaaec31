import CMTLInfer
import Glibc
import MTLFormats
import MTLGraph
import MTLInfer
import MTLNetworks

/// A model as C sees it: with its runtime, and with its texts as C strings that live as long as the handle.
@safe final class ModelHandle {
  let model: Model
  let runtime: Runtime
  /// Memory of the caller's that is given back with the model, also if none of it is in use any more.
  private let memory: AnyObject?
  private let strings: [[UnsafeMutablePointer<CChar>?]]

  init(_ model: Model, _ runtime: Runtime, memory: AnyObject? = nil) {
    self.model = model
    self.memory = memory
    self.runtime = runtime
    let general = [model.name, model.format, model.networkName] + model.inputs.map(\.name)
    unsafe strings = ([general] + model.tasks.map { [$0.name] + $0.labels }).map { texts in
      unsafe texts.map { unsafe strdup($0) }
    }
  }

  deinit {
    unsafe strings.joined().forEach { unsafe free($0) }
  }

  var name: UnsafePointer<CChar>? { unsafe UnsafePointer(strings[0][0]) }
  var format: UnsafePointer<CChar>? { unsafe UnsafePointer(strings[0][1]) }
  var network: UnsafePointer<CChar>? { unsafe UnsafePointer(strings[0][2]) }
  func inputName(_ input: Int) -> UnsafePointer<CChar>? { unsafe UnsafePointer(strings[0][3 + input]) }
  func taskName(_ task: Int) -> UnsafePointer<CChar>? { unsafe UnsafePointer(strings[1 + task][0]) }
  func label(_ task: Int, _ label: Int) -> UnsafePointer<CChar>? { unsafe UnsafePointer(strings[1 + task][1 + label]) }

  /// The index of a task as an index of the table, checked.
  func checked(task: UInt32) throws(MTLError) -> Int {
    guard task < model.tasks.count else {
      throw MTLError(.notFound, "task \(task)", expected: "0 to \(model.tasks.count - 1)", found: "\(task)")
    }
    return Int(task)
  }
}

@c @implementation
public func mtl_model_open_path(
  _ runtime: OpaquePointer!, _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<mtl_model_options>!,
  _ out: UnsafeMutablePointer<OpaquePointer?>!, _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let out = unsafe try required(out, "out")
    let options = unsafe try MTLInferABI.options(options, "options", zero: mtl_model_options())
    guard let path = unsafe try text(path, "path") else { throw MTLError(.invalidArgument, "path", "is null") }
    let model = unsafe try Model.open(
      path: path, network: text(options.network, "network"), card: text(options.description, "description"),
      copy: isCopy(options))
    unsafe out.pointee = unsafe handle(for: ModelHandle(model, object(runtime, as: Runtime.self) ?? .shared))
  }
}

@c @implementation
public func mtl_model_save(
  _ model: OpaquePointer!, _ path: UnsafePointer<CChar>!, _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(model, "model", as: ModelHandle.self)
    guard let path = unsafe try text(path, "path") else { throw MTLError(.invalidArgument, "path", "is null") }
    try handle.model.save(to: path)
  }
}

private func isCopy(_ options: mtl_model_options) throws(MTLError) -> Bool {
  let flags = unsafe options.flags
  guard flags & ~UInt32(MTL_MODEL_COPY) == 0 else {
    throw MTLError(.invalidArgument, "options.flags", "has unknown bits: \(flags)")
  }
  return flags != 0
}

@c @implementation
public func mtl_model_open_memory(
  _ runtime: OpaquePointer!, _ data: UnsafeRawPointer!, _ size: Int,
  _ release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)!, _ user: UnsafeMutableRawPointer!,
  _ options: UnsafePointer<mtl_model_options>!, _ out: UnsafeMutablePointer<OpaquePointer?>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let out = unsafe try required(out, "out")
    let options = unsafe try MTLInferABI.options(options, "options", zero: mtl_model_options())
    _ = unsafe try isCopy(options)
    guard let data = unsafe data, size > 0 else { throw MTLError(.invalidArgument, "data", "is null or empty") }
    let owner = unsafe release.map { unsafe CallersMemory($0, user) }
    let bytes = unsafe try callersBytes(data, size, owner)
    let model = unsafe try Model.open(
      bytes: bytes, network: text(options.network, "network"), card: text(options.description, "description"))
    owner?.isOurs = true
    unsafe out.pointee = unsafe handle(
      for: ModelHandle(model, object(runtime, as: Runtime.self) ?? .shared, memory: owner))
  }
}

/// The caller's memory in place where it is handed over, else a copy.
private func callersBytes(_ data: UnsafeRawPointer, _ size: Int, _ owner: CallersMemory?) throws(MTLError) -> Bytes {
  if let owner { return unsafe Bytes(owner: owner, base: data, count: size) }
  return unsafe try Bytes(byteCount: size) { (memory: UnsafeMutableRawBufferPointer) throws(MTLError) in
    unsafe memory.copyMemory(from: UnsafeRawBufferPointer(start: data, count: size))
  }
}

/// Memory of the caller's, given back when nothing of the model uses it any more.
@safe private final class CallersMemory {
  private let release: @convention(c) (UnsafeMutableRawPointer?) -> Void
  private let user: UnsafeMutableRawPointer?
  /// Set once the call has succeeded; until then the memory stays the caller's.
  var isOurs = false

  init(_ release: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void, _ user: UnsafeMutableRawPointer?) {
    unsafe self.release = unsafe release
    unsafe self.user = user
  }

  deinit {
    if isOurs { unsafe release(user) }
  }
}

@c @implementation
public func mtl_model_retain(_ model: OpaquePointer!) -> OpaquePointer! { unsafe retain(model, as: ModelHandle.self) }

@c @implementation
public func mtl_model_release(_ model: OpaquePointer!) { unsafe release(model, as: ModelHandle.self) }

@c @implementation
public func mtl_model_info(
  _ model: OpaquePointer!, _ out: UnsafeMutablePointer<mtl_model_summary>!, _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(model, "model", as: ModelHandle.self)
    let encoder = handle.model.costs[.encoder] ?? Cost()
    let total = handle.model.totalCost
    try unsafe fill(out, "out", zero: mtl_model_summary()) { info throws(MTLError) in
      unsafe info.num_tasks = UInt32(handle.model.tasks.count)
      unsafe info.name = unsafe handle.name
      unsafe info.format = unsafe handle.format
      unsafe info.network = unsafe handle.network
      unsafe info.encoder_parameters = UInt64(encoder.parameters)
      unsafe info.encoder_multiply_accumulates = UInt64(encoder.multiplyAccumulates)
      unsafe info.total_parameters = UInt64(total.parameters)
      unsafe info.total_multiply_accumulates = UInt64(total.multiplyAccumulates)
    }
  }
}

@c @implementation
public func mtl_model_num_inputs(_ model: OpaquePointer!) -> UInt32 {
  UInt32(unsafe object(model, as: ModelHandle.self)?.model.inputs.count ?? 0)
}

@c @implementation
public func mtl_model_input_info(
  _ model: OpaquePointer!, _ input: UInt32, _ out: UnsafeMutablePointer<mtl_input_info>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(model, "model", as: ModelHandle.self)
    let inputs = handle.model.inputs
    guard input < inputs.count else {
      throw MTLError(.notFound, "input \(input)", expected: "less than \(inputs.count)", found: "\(input)")
    }
    let described = inputs[Int(input)]
    try unsafe fill(out, "out", zero: mtl_input_info()) { info throws(MTLError) in
      unsafe info.dtype = Int32(described.type.standardCode)
      unsafe info.name = unsafe handle.inputName(Int(input))
      unsafe info.reserved = 0
      unsafe info.rank = Int32(described.dimensions.count)
      unsafe write(described.dimensions.map { $0 ?? -1 }, to: &info.shape)
      unsafe info.form = Int32(described.form == .sequence ? MTL_SEQUENCE : MTL_TENSOR)
      unsafe info.flags = UInt32(described.isOptional ? MTL_INPUT_OPTIONAL : 0)
    }
  }
}

@c @implementation
public func mtl_model_num_tasks(_ model: OpaquePointer!) -> UInt32 {
  UInt32(unsafe object(model, as: ModelHandle.self)?.model.tasks.count ?? 0)
}

@c @implementation
public func mtl_model_task_info(
  _ model: OpaquePointer!, _ task: UInt32, _ out: UnsafeMutablePointer<mtl_task_info>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(model, "model", as: ModelHandle.self)
    let index = try handle.checked(task: task)
    let description = handle.model.tasks[index]
    let head = handle.model.costs[.head(index)] ?? Cost()
    let shape = handle.model.outputShapes[index].dimensions
    try unsafe fill(out, "out", zero: mtl_task_info()) { info throws(MTLError) in
      unsafe info.index = task
      unsafe info.name = unsafe handle.taskName(index)
      unsafe info.kind = Int32(description.kind.code)
      unsafe info.num_labels = UInt32(description.labels.count)
      unsafe info.output_rank = Int32(shape.count)
      unsafe info.reserved = 0
      unsafe write(shape, to: &info.output_shape)
      unsafe info.head_parameters = UInt64(head.parameters)
      unsafe info.head_multiply_accumulates = UInt64(head.multiplyAccumulates)
    }
  }
}

/// Dimensions into a fixed array of C, the rest zero.
func write<Array8>(_ dimensions: [Int], to array: inout Array8) {
  unsafe withUnsafeMutableBytes(of: &array) { memory in
    let slots = unsafe memory.assumingMemoryBound(to: Int64.self)
    for slot in slots.indices { unsafe slots[slot] = slot < dimensions.count ? Int64(dimensions[slot]) : 0 }
  }
}

@c @implementation
public func mtl_model_task_index(
  _ model: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ out: UnsafeMutablePointer<UInt32>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(model, "model", as: ModelHandle.self)
    let out = unsafe try required(out, "out")
    guard let name = unsafe try text(name, "name") else { throw MTLError(.invalidArgument, "name", "is null") }
    unsafe out.pointee = UInt32(try handle.model.taskIndex(name))
  }
}

@c @implementation
public func mtl_model_task_label(_ model: OpaquePointer!, _ task: UInt32, _ label: UInt32) -> UnsafePointer<CChar>! {
  guard let handle = unsafe object(model, as: ModelHandle.self), task < handle.model.tasks.count,
    label < handle.model.tasks[Int(task)].labels.count
  else { return nil }
  return unsafe handle.label(Int(task), Int(label))
}
