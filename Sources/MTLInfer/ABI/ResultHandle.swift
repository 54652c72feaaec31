import CMTLInfer
import MTLGraph
import MTLInfer

// Results count the references of C themselves: with the last one they go back to their session instead of being freed,
// so that a run in steady state allocates nothing.

extension InferenceResult {
  /// A handle with the first reference.
  func newHandle() -> OpaquePointer {
    references.store(1, ordering: .relaxed)
    return handle(for: self)
  }
}

@c @implementation
public func mtl_result_retain(_ result: OpaquePointer!) -> OpaquePointer! {
  unsafe object(result, as: InferenceResult.self)?.references.wrappingAdd(1, ordering: .relaxed)
  return unsafe result
}

@c @implementation
public func mtl_result_release(_ result: OpaquePointer!) {
  guard let object = unsafe object(result, as: InferenceResult.self),
    object.references.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0
  else { return }
  object.recycle()
  unsafe release(result, as: InferenceResult.self)
}

@c @implementation
public func mtl_result_batch(_ result: OpaquePointer!) -> UInt32 {
  UInt32(unsafe object(result, as: InferenceResult.self)?.batch ?? 0)
}

@c @implementation
public func mtl_result_output(
  _ result: OpaquePointer!, _ task: UInt32, _ out: UnsafeMutablePointer<mtl_tensor_view>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let result = try object(result, "result", as: InferenceResult.self)
    let out = try required(out, "out")
    guard let output = result.output(task: Int(task)) else {
      throw MTLError(.notFound, "task \(task)", "was not run")
    }
    var view = mtl_tensor_view()
    view.data = UnsafeMutableRawPointer(mutating: output.values.baseAddress)
    view.byte_size = UInt64(output.values.count * 4)
    view.dtype = Int32(MTL_FLOAT32)
    view.rank = Int32(output.shape.rank)
    write(output.shape.dimensions, to: &view.shape)
    write(output.shape.rowMajorStrides.map { $0 * 4 }, to: &view.stride)
    out.pointee = view
  }
}

@c @implementation
public func mtl_result_label(
  _ result: OpaquePointer!, _ task: UInt32, _ image: UInt32, _ label: UnsafeMutablePointer<Int32>!,
  _ confidence: UnsafeMutablePointer<Float>!, _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let result = try object(result, "result", as: InferenceResult.self)
    let label = try required(label, "label")
    let answer = try result.classification(task: Int(task), image: Int(image))
    label.pointee = Int32(answer.index)
    confidence?.pointee = answer.confidence
  }
}
