import CMTLInfer
import MTLGraph
import MTLInfer
import MTLTasks

@c @implementation
public func mtl_run_images(
  _ session: OpaquePointer!, _ images: UnsafePointer<mtl_image_view>!, _ count: UInt32,
  _ options: UnsafePointer<mtl_run_options>!, _ out: UnsafeMutablePointer<OpaquePointer?>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(session, "session", as: SessionHandle.self)
    let out = unsafe try required(out, "out")
    guard let images = unsafe images else { throw MTLError(.invalidArgument, "images", "is null") }
    let options = unsafe try MTLInferABI.options(options, "options", zero: mtl_run_options())
    let result = unsafe try handle.withTasks(options) { tasks throws(MTLError) in
      try handle.session.run(count: Int(count), tasks: tasks) { index throws(MTLError) in
        unsafe try pixelView(images[index], index)
      }
    }
    unsafe out.pointee = unsafe result.newHandle()
  }
}

/// A view of the caller's pixels, checked; the error names which image it is.
private func pixelView(_ image: mtl_image_view, _ index: Int) throws(MTLError) -> PixelView {
  do throws(MTLError) {
    guard let format = unsafe PixelFormat(rawValue: image.format) else {
      throw unsafe MTLError(.invalidArgument, "format", expected: "MTL_GRAY8 to MTL_BGRA8", found: "\(image.format)")
    }
    guard unsafe image.reserved == (0, 0, 0) else {
      throw MTLError(.invalidArgument, "reserved", "is not zero")
    }
    let region =
      unsafe (image.roi_x, image.roi_y, image.roi_width, image.roi_height) == (0, 0, 0, 0)
      ? nil
      : PixelView.Region(
        x: Int(image.roi_x), y: Int(image.roi_y), width: Int(image.roi_width), height: Int(image.roi_height))
    return try unsafe PixelView(
      data: image.data, byteCount: image.byte_size, rowStride: image.row_stride, width: Int(image.width),
      height: Int(image.height), format: format, orientation: image.orientation == 0 ? 1 : Int(image.orientation),
      region: region)
  } catch {
    throw MTLError(error.kind, "image \(index)", error.description)
  }
}

@c @implementation
public func mtl_run_tensors(
  _ session: OpaquePointer!, _ inputs: UnsafePointer<mtl_tensor_view>!, _ count: UInt32,
  _ options: UnsafePointer<mtl_run_options>!, _ out: UnsafeMutablePointer<OpaquePointer?>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(session, "session", as: SessionHandle.self)
    let out = unsafe try required(out, "out")
    guard let inputs = unsafe inputs else { throw MTLError(.invalidArgument, "inputs", "is null") }
    let isGeneral = handle.session.isGeneral
    guard count == 1 || isGeneral else {
      throw MTLError(.invalidArgument, "count", expected: "1 input", found: "\(count)")
    }
    let options = unsafe try MTLInferABI.options(options, "options", zero: mtl_run_options())
    let result = unsafe try handle.withTasks(options) { tasks throws(MTLError) in
      if unsafe !isGeneral || count == 1 && isImage(inputs[0], handle) {
        return unsafe try run(handle, inputs[0], tasks)
      }
      return unsafe try run(handle, count: Int(count), tasks) { index, input throws(MTLError) in
        .tensor(unsafe try tensor(inputs[index], name: input.name))
      }
    }
    unsafe out.pointee = unsafe result.newHandle()
  }
}

private func run(
  _ handle: SessionHandle, _ view: mtl_tensor_view, _ tasks: [Int]?
) throws(MTLError) -> InferenceResult {
  let name = handle.model.model.input.name
  guard unsafe view.dtype == MTL_FLOAT32 else {
    throw unsafe MTLError(.dataTypeMismatch, name, expected: "MTL_FLOAT32", found: "\(view.dtype)")
  }
  guard unsafe view.rank == 4 else {
    throw unsafe MTLError(.shapeMismatch, name, expected: "N x C x H x W", found: "rank \(view.rank)")
  }
  guard let data = unsafe view.data else { throw MTLError(.invalidArgument, name, "its data is null") }
  guard unsafe view.reserved == (0, 0, 0) else { throw MTLError(.invalidArgument, name, "reserved is not zero") }
  let byteCount = unsafe Int(clamping: view.byte_size)
  return unsafe try handle.session.run(
    tensor: unsafe data, byteCount: byteCount,
    shape: unsafe (Int(view.shape.0), Int(view.shape.1), Int(view.shape.2), Int(view.shape.3)),
    strides: unsafe (Int(view.stride.0), Int(view.stride.1), Int(view.stride.2), Int(view.stride.3)), tasks: tasks)
}

/// Whether an input of a model in general form needs no tensor of its own.
private func isImage(_ view: mtl_tensor_view, _ handle: SessionHandle) -> Bool {
  guard unsafe view.dtype == MTL_FLOAT32, unsafe view.rank == 4 else { return false }
  return unsafe handle.session.takesImage(
    Int(view.shape.0), Int(view.shape.1), Int(view.shape.2), Int(view.shape.3))
}

@c @implementation
public func mtl_run_values(
  _ session: OpaquePointer!, _ inputs: UnsafePointer<mtl_value>!, _ count: UInt32,
  _ options: UnsafePointer<mtl_run_options>!, _ out: UnsafeMutablePointer<OpaquePointer?>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let handle = unsafe try object(session, "session", as: SessionHandle.self)
    let out = unsafe try required(out, "out")
    guard let inputs = unsafe inputs else { throw MTLError(.invalidArgument, "inputs", "is null") }
    let options = unsafe try MTLInferABI.options(options, "options", zero: mtl_run_options())
    let result = unsafe try handle.withTasks(options) { tasks throws(MTLError) in
      try run(handle, count: Int(count), tasks) { index, input throws(MTLError) in
        unsafe try value(inputs[index], input)
      }
    }
    unsafe out.pointee = unsafe result.newHandle()
  }
}

/// Runs a model on what `value` makes of each of its inputs.
private func run(
  _ handle: SessionHandle, count: Int, _ tasks: [Int]?, _ value: (Int, ModelInput) throws(MTLError) -> GraphValue
) throws(MTLError) -> InferenceResult {
  let inputs = handle.model.model.inputs
  guard count == inputs.count else {
    throw MTLError(.invalidArgument, "count", expected: "\(inputs.count) inputs", found: "\(count)")
  }
  var values: [GraphValue] = []
  for (index, input) in inputs.enumerated() { values.append(try value(index, input)) }
  return try handle.session.run(values: values, tasks: tasks)
}

/// A copy of what a caller gives an input.
private func value(_ value: mtl_value, _ input: ModelInput) throws(MTLError) -> GraphValue {
  let (name, count) = unsafe (input.name, Int(value.count))
  guard unsafe value.reserved == (0, 0) else { throw MTLError(.invalidArgument, name, "reserved is not zero") }
  guard unsafe count <= TensorSequence.maximumCount && (count == 0 || value.tensors != nil) else {
    throw MTLError(
      .invalidArgument, name, expected: "up to \(TensorSequence.maximumCount) tensors", found: "\(count), or null")
  }
  var tensors: [Tensor] = []
  for index in 0..<count { tensors.append(unsafe try tensor(value.tensors[index], name: name)) }
  switch unsafe Int(value.form) {
  case MTL_TENSOR where count == 1: return .tensor(tensors[0])
  case MTL_NOTHING where count == 0: return .nothing(ValueType(input.form, input.type, isOptional: true))
  case MTL_SEQUENCE: return .sequence(try TensorSequence(tensors, type: tensors.first?.type ?? input.type))
  default:
    throw unsafe MTLError(
      .invalidArgument, name, expected: "MTL_TENSOR with 1 tensor, MTL_SEQUENCE, or MTL_NOTHING with none",
      found: "form \(value.form) with \(count)")
  }
}
