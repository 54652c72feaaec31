import MTLEngine
import MTLGraph

/// Runs a graph and shows some of its values.
final class Observer {
  private let session: Session
  private let tasks: [Int]
  private var buffers: [[Float]] = []

  var valueCount: Int { tasks.count }

  /// - Parameter graph: simplified, of one input.
  init(
    _ graph: Graph, showing values: [ValueID], pool: ThreadPool, instructionSet: InstructionSet,
    emulatesBFloat16: Bool = false
  ) {
    var options = Session.Options()
    options.emulatesBFloat16 = emulatesBFloat16
    options.instructionSet = instructionSet
    options.planLimit = 1
    let shown = graph.showing(values)
    tasks = Array(values.indices)
    session = Session(
      Network(specialized: shown, tasks: tasks, taskCount: values.count), pool: pool, options: options)
  }

  /// Runs an image of N x C x H x W floats, and hands out the shape and the elements of each value in row-major order;
  /// `look` is called by several threads at once, for different values.
  func run(_ input: Tensor, look: (_ value: Int, Shape, UnsafeBufferPointer<Float>) -> Void) throws(MTLError) {
    var shapes: [Shape] = []
    try session.run(
      inputShape: input.shape, tasks: tasks,
      fill: { destination in
        let strides = input.shape.rowMajorStrides.map { $0 * MemoryLayout<Float>.size }
        unsafe input.bytes.withUnsafeBytes { bytes in
          guard let base = bytes.baseAddress, strides.count == 4 else { return }
          unsafe destination.copy(from: base, strides: (strides[0], strides[1], strides[2], strides[3]))
        }
      },
      collect: { outputs in
        shapes = outputs.layout.shapes
        if buffers.map(\.count) != shapes.map(\.elementCount) {
          buffers = shapes.map { [Float](repeating: 0, count: $0.elementCount) }
        }
        for index in tasks {
          unsafe buffers[index].withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { unsafe outputs.copy(index, to: base) }
          }
        }
      })
    unsafe withoutActuallyEscaping(look) { look in
      let work = Work { index in
        unsafe self.buffers[index].withUnsafeBufferPointer { unsafe look(index, shapes[index], $0) }
      }
      session.share(work, count: tasks.count)
    }
  }
}

extension Observer {
  /// A copy of each value for an input.
  func tensors(_ input: Tensor) throws(MTLError) -> [Tensor] {
    var tensors = [Tensor?](repeating: nil, count: valueCount)
    try unsafe tensors.withUnsafeMutableBufferPointer { tensors throws(MTLError) in
      try unsafe run(input) { index, shape, values in unsafe tensors[index] = unsafe Tensor(Array(values), shape: shape)
      }
    }
    return tensors.compactMap { $0 }
  }
}

/// Numbered pieces of work for a session's threads.
private final class Work: ParallelWork {
  private let body: (Int) -> Void

  init(_ body: @escaping (Int) -> Void) {
    self.body = body
  }

  func run(item: Int) { body(item) }
}
