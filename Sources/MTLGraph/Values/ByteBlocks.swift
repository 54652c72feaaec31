/// Whole weights of convolutions in the order in which kernels of bytes read them: for each 16 outputs, each 64 inputs and
/// each tap, groups of four inputs of the 16 outputs side by side. Places that no weight fills are zero.
///
/// All instruction sets read this order, so that a file may hold it and kernels read it where the file is mapped.
public struct ByteBlocks: Sendable {
  public static let outputLane = 16
  public static let inputLane = 64
  /// Inputs of one output side by side: what instructions for bytes add up at once.
  private static let groupSize = 4
  /// Of 16 outputs, 64 inputs and one tap.
  public static let byteCount = outputLane * inputLane

  public let outputs: Int
  public let inputs: Int
  /// Elements of the kernel.
  public let taps: Int
  /// 64-byte aligned.
  public let bytes: Bytes

  /// Checks blocks of weights of this shape, O x I or O x I x KH x KW, as a file has them.
  public init(
    _ bytes: Bytes, of shape: Shape, _ subject: @autoclosure () -> String
  ) throws(MTLError) {
    guard let blocks = ByteBlocks.shape(of: shape) else {
      throw MTLError(.badFormat, subject(), expected: "weights of two or four dimensions", found: "\(shape)")
    }
    guard bytes.count == blocks.elementCount else {
      throw MTLError(
        .badFormat, subject(), expected: "\(blocks.elementCount) bytes for blocks of \(shape)", found: "\(bytes.count)")
    }
    self.init(shape, try bytes.aligned(to: 64))
    // Sums that fit 32 bits are counted without what fills blocks up.
    guard hasEmptyFillings else {
      throw MTLError(.badFormat, subject(), expected: "zeros where no weight of \(shape) is", found: "others")
    }
  }

  /// Puts weights into blocks; nil for tensors that are no such weights.
  public init?(_ weights: Tensor) throws(MTLError) {
    if let blocks = weights.blocks {
      self = blocks
      return
    }
    guard weights.type == .int8, let blocks = ByteBlocks.shape(of: weights.shape) else { return nil }
    let source = weights.bytes
    let shape = weights.shape
    let bytes = try unsafe Bytes(byteCount: blocks.elementCount) { target in
      unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
      unsafe source.withUnsafeBytes { source in
        ByteBlocks.forEach(shape) { element, place in unsafe target[place] = source[element] }
      }
    }
    self.init(shape, bytes)
  }

  private init(_ shape: Shape, _ bytes: Bytes) {
    (outputs, inputs, taps) = (shape[0], shape[1], shape.dimensions.dropFirst(2).reduce(1, *))
    self.bytes = bytes
  }

  /// The blocks of weights of some shape, as a tensor; nil for shapes that weights do not have.
  public static func shape(of weights: Shape) -> Shape? {
    guard weights.rank == 2 || weights.rank == 4, weights.elementCount > 0 else { return nil }
    let (outputs, inputs) = (weights[0] - 1, weights[1] - 1)
    return [
      outputs / outputLane + 1, inputs / inputLane + 1, weights.dimensions.dropFirst(2).reduce(1, *),
      inputLane / groupSize, outputLane, groupSize,
    ]
  }

  /// Whether blocks of such weights take at most half as much again as the weights do.
  static func suit(_ weights: Shape) -> Bool {
    shape(of: weights).map { $0.elementCount - weights.elementCount <= weights.elementCount / 2 } ?? false
  }

  /// Whether these are the weights of a tensor of that shape, too.
  func fit(_ shape: Shape) -> Bool {
    shape.rank >= 2 && shape[0] == outputs && shape[1] == inputs
      && shape.dimensions.dropFirst(2).reduce(1, { $0.saturatingProduct($1) }) == taps
  }

  /// The weights in row-major order.
  package func rowMajor() -> Bytes {
    let shape: Shape = [outputs, inputs, taps, 1]
    let weights = unsafe [UInt8](unsafeUninitializedCapacity: shape.elementCount) { target, count in
      unsafe bytes.withUnsafeBytes { source in
        ByteBlocks.forEach(shape) { element, place in unsafe target[element] = source[place] }
      }
      count = shape.elementCount
    }
    return Bytes(copying: weights)
  }

  private var hasEmptyFillings: Bool {
    let (rows, columns) = (outputs.roundedUp(to: ByteBlocks.outputLane), inputs.roundedUp(to: ByteBlocks.inputLane))
    return unsafe bytes.withUnsafeBytes { bytes in
      for output in 0..<rows {
        for input in (output < outputs ? inputs : 0)..<columns {
          for tap in 0..<taps where unsafe bytes[ByteBlocks.place(output, input, tap, inputs, taps)] != 0 {
            return false
          }
        }
      }
      return true
    }
  }

  /// Calls `body` with each weight's place in row-major order and in the blocks.
  @inline(__always)
  private static func forEach(_ shape: Shape, _ body: (_ element: Int, _ place: Int) -> Void) {
    let (outputs, inputs, taps) = (shape[0], shape[1], shape.dimensions.dropFirst(2).reduce(1, *))
    var element = 0
    for output in 0..<outputs {
      for input in 0..<inputs {
        let first = place(output, input, 0, inputs, taps)
        for tap in 0..<taps {
          body(element, first + tap * byteCount)
          element += 1
        }
      }
    }
  }

  @inline(__always)
  private static func place(_ output: Int, _ input: Int, _ tap: Int, _ inputs: Int, _ taps: Int) -> Int {
    let block = output / outputLane * ((inputs - 1) / inputLane + 1) + input / inputLane
    let group = (block * taps + tap) * (inputLane / groupSize) + input % inputLane / groupSize
    return (group * outputLane + output % outputLane) * groupSize + input % groupSize
  }
}

extension Int {
  fileprivate func roundedUp(to step: Int) -> Int { (self + step - 1) / step * step }
}
