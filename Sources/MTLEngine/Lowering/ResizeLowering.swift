import CMTLKernels
import MTLGraph

/// Changes of an image's size. The tables of taps are made when the plan is.
enum ResizeLowering: Lowering {
  static func lower(_ node: Node, in planner: inout Planner) throws(MTLError) -> Bool {
    guard let resize = node.operation as? Resize else { return false }
    let input = try planner.buffer(of: node.inputs[0], as: .blocked)
    // What leaves the network is asked for in row-major order, and few channels would leave most of a block empty.
    let leaves = planner.leavesNetwork(node.outputs[0])
    let output = planner.makeBuffer(for: node.outputs[0], leaves ? .planar : .blocked)
    let tables = Tables(resize, from: input.shape, to: output.shape)
    let kernels = planner.kernels
    let split = WorkSplit(
      groupCount: input.blockCount, rowCount: output.shape[2], images: output.imageCount,
      work: output.imageElementCount.saturatingProduct(4), threadCount: planner.threadCount)
    let room = leaves ? tables.planeMemory : input.shape[3] * Layout.lane
    let scratch = planner.makeScratch(elementCount: room.saturatingProduct(output.imageCount * split.itemCount))
    let name = "resize \(resize.mode.rawValue) \(leaves ? "to planes " : "")\(kernels.instructionSet.name)"
    let channels = Int32(output.shape[1])
    planner.add(nodeName: node.name, inputs: [input], outputs: [output, scratch]) { operands in
      unsafe PartStep(name, images: output.imageCount, split: split) { part, arena in
        let (source, target) = unsafe (
          operands[0].pointer(in: arena, image: part.image), operands[1].pointer(in: arena, image: part.image)
        )
        let memory = unsafe operands[2].pointer(in: arena) + part.item * room
        let (blocks, rows) = (
          (Int32(part.groups.lowerBound), Int32(part.groups.upperBound)),
          (Int32(part.rows.lowerBound), Int32(part.rows.upperBound))
        )
        unsafe tables.withShape { shape in
          if leaves {
            unsafe kernels.functions.pointee.resize_to_planes(
              shape, source, target, memory, channels, blocks.0, blocks.1, rows.0, rows.1)
          } else {
            unsafe kernels.functions.pointee.resize(
              shape, source, target, memory, blocks.0, blocks.1, rows.0, rows.1)
          }
        }
      }
    }
    return true
  }

  /// The taps of rows, then those of columns.
  @safe private struct Tables {
    private let shape: mtlk_resize
    private let places: Bytes
    private let weights: Bytes

    init(_ resize: Resize, from input: Shape, to output: Shape) {
      let axes = [2, 3].map { resize.taps(from: input[$0], to: output[$0]) }
      let taps = axes.flatMap { $0.flatMap { $0 } }
      places = Bytes(copying: taps.map { Int32($0.index) })
      weights = Bytes(copying: taps.map(\.weight))
      var shape = unsafe mtlk_resize()
      unsafe (shape.input_rows, shape.input_columns) = (Int32(input[2]), Int32(input[3]))
      unsafe (shape.output_rows, shape.output_columns) = (Int32(output[2]), Int32(output[3]))
      unsafe (shape.row_taps, shape.column_taps) = (Int32(axes[0][0].count), Int32(axes[1][0].count))
      unsafe self.shape = shape
    }

    /// Floats that a call needs to write planes.
    var planeMemory: Int { unsafe withUnsafePointer(to: shape) { unsafe Int(mtlk_plane_memory($0)) } }

    @unsafe func withShape(_ body: (UnsafePointer<mtlk_resize>) -> Void) {
      unsafe places.withUnsafeBytes { places in
        unsafe weights.withUnsafeBytes { weights in
          var complete = unsafe shape
          let rowTaps = unsafe Int(shape.output_rows * shape.row_taps)
          unsafe complete.rows = places.assumingMemoryBound(to: Int32.self).baseAddress
          unsafe complete.columns = complete.rows + rowTaps
          unsafe complete.row_weights = weights.assumingMemoryBound(to: Float.self).baseAddress
          unsafe complete.column_weights = complete.row_weights + rowTaps
          unsafe body(&complete)
        }
      }
    }
  }
}
