import MTLGraph

extension Node {
  /// What an operation on constants gives: positions of a Perceiver, for example, through their projection. Where the
  /// reference evaluation would take long, a network of this node alone runs on the kernels.
  func folded(_ arguments: [Tensor], _ kernels: KernelSet) throws(MTLError) -> [Tensor] {
    if operation.kinds.contains(.general) { return try compute(arguments) }
    let shapes = arguments.map(\.shape)
    let outputs = try operation.outputShapes(shapes)
    guard operation.multiplyAccumulates(inputs: shapes, outputs: outputs) > Node.longReference, outputs.count == 1,
      shapes[0].rank == 4, arguments[0].type == .float32
    else { return try operation.evaluate(arguments) }
    var graph = Graph()
    let input = graph.addInput("x")
    let constants = arguments.dropFirst().map { graph.addConstant($0) }
    graph.addOutput("y", graph.add(operation, name: name, [input] + constants))
    var options = Session.Options()
    options.instructionSet = kernels.instructionSet
    return [try Session(try Network(graph), pool: ThreadPool(width: 1), options: options).output(for: arguments[0])]
  }

  /// Multiply-accumulates that take the reference evaluation some milliseconds.
  private static let longReference = 1_000_000
}

extension Session {
  /// The first task's output for a float32 image in row-major order.
  fileprivate func output(for image: Tensor) throws(MTLError) -> Tensor {
    let size = MemoryLayout<Float>.size
    let strides = image.shape.rowMajorStrides.map { $0 * size }
    var result = image
    try run(
      inputShape: image.shape, tasks: [0],
      fill: { destination throws(MTLError) in
        unsafe image.bytes.withUnsafeBytes { bytes in
          guard let base = bytes.baseAddress else { return }
          unsafe destination.copy(from: base, strides: (strides[0], strides[1], strides[2], strides[3]))
        }
      },
      collect: { outputs throws(MTLError) in
        let shape = outputs.layout.shapes[0]
        let bytes = try unsafe Bytes(byteCount: shape.elementCount * size) { memory in
          if let base = unsafe memory.assumingMemoryBound(to: Float.self).baseAddress {
            unsafe outputs.copy(0, to: base)
          }
        }
        result = try Tensor(shape: shape, type: .float32, bytes: bytes, of: "constant")
      })
    return result
  }
}
