import CMTLInfer
import MTLGraph
import MTLInfer

// Results count the references of C themselves: with the last one they go back to their session instead of being freed,
// so that a run in steady state allocates nothing.

extension InferenceResult {
  /// A handle with the first reference.
  func newHandle() -> OpaquePointer {
    references.store(1, ordering: .relaxed)
    return unsafe handle(for: self)
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
    let result = unsafe try object(result, "result", as: InferenceResult.self)
    let out = unsafe try required(out, "out")
    guard let output = unsafe result.elements(task: Int(task)) else {
      throw MTLError(.notFound, "task \(task)", "was not run")
    }
    var view = unsafe mtl_tensor_view()
    unsafe view.data = unsafe UnsafeMutableRawPointer(mutating: output.bytes.baseAddress)
    unsafe view.byte_size = unsafe UInt64(output.bytes.count)
    unsafe view.dtype = unsafe Int32(output.type.standardCode)
    unsafe writeDenseShape(output.shape, elementSize: output.type.byteCount, to: &view)
    unsafe out.pointee = unsafe view
  }
}

/// Dimensions and byte strides of a dense array, without an allocation.
private func writeDenseShape(_ shape: Shape, elementSize: Int, to view: inout mtl_tensor_view) {
  unsafe view.rank = Int32(shape.rank)
  unsafe withUnsafeMutableBytes(of: &view.shape) { shapeMemory in
    unsafe withUnsafeMutableBytes(of: &view.stride) { strideMemory in
      let dimensions = unsafe shapeMemory.assumingMemoryBound(to: Int64.self)
      let strides = unsafe strideMemory.assumingMemoryBound(to: Int64.self)
      var stride = Int64(elementSize)
      for axis in (0..<shape.rank).reversed() {
        unsafe dimensions[axis] = Int64(shape[axis])
        unsafe strides[axis] = stride
        stride *= Int64(shape[axis])
      }
    }
  }
}

@c @implementation
public func mtl_result_label(
  _ result: OpaquePointer!, _ task: UInt32, _ image: UInt32, _ label: UnsafeMutablePointer<Int32>!,
  _ confidence: UnsafeMutablePointer<Float>!, _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let result = unsafe try object(result, "result", as: InferenceResult.self)
    let label = unsafe try required(label, "label")
    let confidence = try unsafe required(confidence, "confidence")
    let answer = try result.classification(task: Int(task), image: Int(image))
    unsafe label.pointee = Int32(answer.index)
    unsafe confidence.pointee = answer.confidence
  }
}
