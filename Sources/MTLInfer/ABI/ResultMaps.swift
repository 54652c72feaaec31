import CMTLInfer
import MTLGraph
import MTLInfer
import MTLNetworks
import MTLTasks

@c @implementation
public func mtl_result_label_map(
  _ result: OpaquePointer!, _ task: UInt32, _ image: UInt32, _ width: UInt32, _ height: UInt32,
  _ labels: UnsafeMutablePointer<UInt16>!, _ byteSize: UInt64, _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let result = unsafe try object(result, "result", as: InferenceResult.self)
    let labels = unsafe try required(labels, "labels")
    let frame = try result.frame(width, height, byteSize, bytesPerPixel: 2)
    let map = try result.labelMap(task: Int(task), image: Int(image), frame: frame)
    _ = unsafe UnsafeMutableBufferPointer(start: labels, count: map.labels.count).update(fromContentsOf: map.labels)
  }
}

@c @implementation
public func mtl_result_map(
  _ result: OpaquePointer!, _ task: UInt32, _ image: UInt32, _ width: UInt32, _ height: UInt32,
  _ values: UnsafeMutablePointer<Float>!, _ byteSize: UInt64, _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let result = unsafe try object(result, "result", as: InferenceResult.self)
    let values = unsafe try required(values, "values")
    let tasks = result.model.tasks
    let isNormals = tasks.indices.contains(Int(task)) && tasks[Int(task)].kind == .normals
    let frame = try result.frame(width, height, byteSize, bytesPerPixel: isNormals ? 12 : 4)
    let numbers =
      isNormals
      ? try result.normalMap(task: Int(task), image: Int(image), frame: frame).vectors
      : try result.scalarMap(task: Int(task), image: Int(image), frame: frame).values
    _ = unsafe UnsafeMutableBufferPointer(start: values, count: numbers.count).update(fromContentsOf: numbers)
  }
}

@c @implementation
public func mtl_result_objects(
  _ result: OpaquePointer!, _ task: UInt32, _ image: UInt32, _ width: UInt32, _ height: UInt32, _ leastScore: Float,
  _ objects: UnsafeMutablePointer<mtl_object>!, _ capacity: UInt32, _ count: UnsafeMutablePointer<UInt32>!,
  _ error: UnsafeMutablePointer<mtl_error>!
) -> mtl_status {
  unsafe status(error) { () throws(MTLError) in
    let result = unsafe try object(result, "result", as: InferenceResult.self)
    let count = unsafe try required(count, "count")
    if capacity > 0 { _ = unsafe try required(objects, "objects") }
    let placement = try result.frame(width, height, .max, bytesPerPixel: 0).placement
    let found = try result.detections(task: Int(task), image: Int(image), above: leastScore)
    unsafe count.pointee = UInt32(found.count)
    for (index, detection) in found.prefix(Int(capacity)).enumerated() {
      let box = placement.onPicture(detection.box)
      unsafe objects[index] = mtl_object(
        index: Int32(detection.index), score: detection.score, left: box.left, top: box.top, right: box.right,
        bottom: box.bottom)
    }
  }
}

extension InferenceResult {
  /// The frame of a picture of this size, for whose pixels there is room.
  fileprivate func frame(
    _ width: UInt32, _ height: UInt32, _ byteSize: UInt64, bytesPerPixel: UInt64
  ) throws(MTLError) -> PictureFrame {
    let sides = 1...UInt32(PixelView.maximumSide)
    guard sides.contains(width), sides.contains(height) else {
      throw MTLError(
        .invalidArgument, "picture", expected: "1 to \(PixelView.maximumSide) pixels a side",
        found: "\(width)x\(height)")
    }
    let needed = UInt64(width) * UInt64(height) * bytesPerPixel
    guard byteSize >= needed else {
      throw MTLError(
        .bufferTooSmall, "map", expected: "\(needed) bytes for \(width)x\(height) pixels", found: "\(byteSize)")
    }
    return PictureFrame(width: Int(width), height: Int(height), model: model)
  }
}
