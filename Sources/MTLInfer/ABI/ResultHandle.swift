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
    if let form = result.form(task: Int(task)), form.form != MTL_TENSOR {
      throw MTLError(
        .dataTypeMismatch, "task \(task)", "its output is no tensor; mtl_result_form says what it is")
    }
    guard let view = unsafe view(result, Int(task), 0) else { throw MTLError(.notFound, "task \(task)", "was not run") }
    unsafe out.pointee = unsafe view
  }
}

@c @implementation
public func mtl_result_form(
  _ result: OpaquePointer!, _ task: UInt32, _ form: UnsafeMutablePointer<Int32>!,
  _ count: UnsafeMutablePointer<UInt32>!, _ dtype: UnsafeMutablePointer<Int32>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let result = unsafe try object(result, "result", as: InferenceResult.self)
    guard let known = result.form(task: Int(task)) else { throw MTLError(.notFound, "task \(task)", "was not run") }
    unsafe form?.pointee = Int32(known.form)
    unsafe count?.pointee = UInt32(known.count)
    unsafe dtype?.pointee = Int32(known.type.standardCode)
  }
}

@c @implementation
public func mtl_result_element(
  _ result: OpaquePointer!, _ task: UInt32, _ index: UInt32, _ out: UnsafeMutablePointer<mtl_tensor_view>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let result = unsafe try object(result, "result", as: InferenceResult.self)
    let out = unsafe try required(out, "out")
    guard let view = unsafe view(result, Int(task), Int(index)) else {
      throw MTLError(.notFound, "task \(task)", "was not run, or has no tensor \(index)")
    }
    unsafe out.pointee = unsafe view
  }
}

extension InferenceResult {
  /// What a task's output is, how many tensors it has and of which type; nil if it did not run.
  fileprivate func form(task: Int) -> (form: Int, count: Int, type: DataType)? {
    guard tasks.contains(task) else { return nil }
    // A plan makes one tensor, of which no copy is needed to tell.
    guard isGeneral else { return (MTL_TENSOR, 1, .float32) }
    switch value(task: task) {
    case .tensor(let tensor): return (MTL_TENSOR, 1, tensor.type)
    case .sequence(let sequence): return (MTL_SEQUENCE, sequence.elements.count, sequence.type)
    case .nothing(let type): return (MTL_NOTHING, 0, type.element)
    case nil: return nil
    }
  }
}

/// One tensor of an output; nil where there is none.
private func view(_ result: InferenceResult, _ task: Int, _ index: Int) -> mtl_tensor_view? {
  guard let output = unsafe result.elements(task: task, index: index) else { return nil }
  var view = unsafe mtl_tensor_view()
  unsafe view.data = unsafe UnsafeMutableRawPointer(mutating: output.bytes.baseAddress)
  unsafe view.byte_size = unsafe UInt64(output.bytes.count)
  unsafe view.dtype = unsafe Int32(output.type.standardCode)
  unsafe writeDenseShape(output.shape, elementSize: output.type.viewByteCount, to: &view)
  return unsafe view
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
