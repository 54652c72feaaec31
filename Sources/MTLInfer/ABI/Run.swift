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
      return unsafe try runGeneral(handle, UnsafeBufferPointer(start: inputs, count: Int(count)), tasks)
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

/// A model in general form takes any number of tensors of any types.
private func runGeneral(
  _ handle: SessionHandle, _ views: UnsafeBufferPointer<mtl_tensor_view>, _ tasks: [Int]?
) throws(MTLError) -> InferenceResult {
  let inputs = handle.model.model.inputs
  guard views.count == inputs.count else {
    throw MTLError(.invalidArgument, "count", expected: "\(inputs.count) inputs", found: "\(views.count)")
  }
  var tensors: [Tensor] = []
  for (index, input) in inputs.enumerated() { tensors.append(unsafe try tensor(views[index], name: input.name)) }
  return try handle.session.run(tensors: tensors, tasks: tasks)
}

/// A dense copy of a caller's array.
private func tensor(_ view: mtl_tensor_view, name: String) throws(MTLError) -> Tensor {
  guard let type = unsafe DataType(standardCode: Int(view.dtype)) else {
    throw unsafe MTLError(.dataTypeMismatch, name, expected: "MTL_FLOAT32 ...", found: "\(view.dtype)")
  }
  guard unsafe (0...Shape.maximumRank).contains(Int(view.rank)) else {
    throw unsafe MTLError(.shapeMismatch, name, expected: "rank up to \(Shape.maximumRank)", found: "\(view.rank)")
  }
  guard unsafe view.reserved == (0, 0, 0) else { throw MTLError(.invalidArgument, name, "reserved is not zero") }
  let rank = unsafe Int(view.rank)
  let sizes = unsafe numbers(view.shape).prefix(rank)
  let strides = unsafe numbers(view.stride).prefix(rank)
  let shape = try Shape(checking: Array(sizes), of: name)
  guard shape.elementCount > 0 else { return Tensor([Int](), as: type, shape: shape) }
  guard let data = unsafe view.data else { throw MTLError(.invalidArgument, name, "its data is null") }
  try check(shape, Array(strides), type, unsafe Int(clamping: view.byte_size), name)
  let size = type.byteCount
  let bytes = try unsafe Bytes(byteCount: shape.elementCount.saturatingProduct(size)) { target in
    var place = [Int](repeating: 0, count: rank)
    var offset = 0
    for index in 0..<shape.elementCount {
      unsafe UnsafeMutableRawBufferPointer(rebasing: target[index * size..<(index + 1) * size])
        .copyMemory(from: UnsafeRawBufferPointer(start: data + offset, count: size))
      for axis in (0..<rank).reversed() {
        place[axis] += 1
        offset += strides[axis]
        if place[axis] < shape[axis] { break }
        offset -= strides[axis] * shape[axis]
        place[axis] = 0
      }
    }
  }
  return try Tensor(shape: shape, type: type, bytes: bytes, of: name)
}

/// Fails unless every element lies within the caller's bytes.
private func check(
  _ shape: Shape, _ strides: [Int], _ type: DataType, _ byteCount: Int, _ name: String
) throws(MTLError) {
  var end = type.byteCount
  for (dimension, stride) in zip(shape.dimensions, strides) {
    let (distance, overflow) = (dimension - 1).multipliedReportingOverflow(by: stride)
    guard stride >= 0, !overflow, distance <= byteCount - end else {
      throw MTLError(.bufferTooSmall, name, "shape \(shape) with byte strides \(strides) leaves its \(byteCount) bytes")
    }
    end += distance
  }
  guard end <= byteCount else { throw MTLError(.bufferTooSmall, name, "has \(byteCount) bytes for \(type) \(shape)") }
}

/// A fixed array of C.
private func numbers<Array8>(_ array: Array8) -> [Int] {
  unsafe withUnsafeBytes(of: array) { unsafe Array($0.assumingMemoryBound(to: Int64.self)).map { Int($0) } }
}
