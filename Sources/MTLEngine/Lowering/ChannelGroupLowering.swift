import CMTLKernels
import MTLGraph

/// Softmax over neighbouring channels: in plain order, where the planes of a group's channels are as many tensors.
enum ChannelGroupLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let softmax = node.operation as? ChannelGroupSoftmax else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .planar)
    let output = planner.makeBuffer(for: node.outputs[0], .planar)
    let (kernels, size) = (planner.kernels, softmax.size)
    let split = WorkSplit(
      groupCount: output.shape[1] / size, rowCount: 1, images: output.imageCount,
      work: output.imageElementCount.saturatingProduct(8), threadCount: planner.threadCount)
    let name = "channel group softmax \(kernels.instructionSet.name)"
    planner.add(nodeName: node.name, inputs: [input], outputs: [output]) { operands in
      unsafe PartStep(name, images: output.elementCount > 0 ? output.imageCount : 0, split: split) { part, arena in
        for group in part.groups {
          let start = group * size * output.pixelCount
          unsafe softmaxOfPlanes(
            kernels, operands[0].pointer(in: arena, image: part.image) + start,
            operands[1].pointer(in: arena, image: part.image) + start, planes: size, pixels: output.pixelCount)
        }
      }
    }
    return true
  }
}

/// Whole blocks of pixels in place; those that are left through blocks of their own.
@unsafe private func softmaxOfPlanes(
  _ kernels: KernelSet, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, planes: Int, pixels: Int
) {
  let (whole, rest) = (pixels / Layout.lane, pixels % Layout.lane)
  let tail = whole * Layout.lane
  unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: planes) { sources in
    unsafe withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: planes) { targets in
      unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: planes * Layout.lane) { blocks in
        func run(_ count: Int) {
          unsafe kernels.functions.pointee.softmax_groups(
            sources.baseAddress, targets.baseAddress, Int32(planes), Int64(count), Int32(Layout.lane))
        }
        for plane in 0..<planes {
          unsafe sources[plane] = input + plane * pixels
          unsafe targets[plane] = output + plane * pixels
        }
        run(whole)
        guard rest > 0, let block = blocks.baseAddress else { return }
        unsafe blocks.initialize(repeating: 0)
        for plane in 0..<planes {
          let place = unsafe block + plane * Layout.lane
          unsafe place.update(from: input + plane * pixels + tail, count: rest)
          unsafe sources[plane] = UnsafePointer(place)
          unsafe targets[plane] = place
        }
        run(1)
        for plane in 0..<planes {
          unsafe (output + plane * pixels + tail).update(from: block + plane * Layout.lane, count: rest)
        }
      }
    }
  }
}
