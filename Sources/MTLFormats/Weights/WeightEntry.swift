import MTLGraph

/// One tensor of a checkpoint where it lies in the file. Taking it out (`float32`) is the only step that may copy.
public struct WeightEntry: Sendable {
  public let shape: Shape
  /// nil when the elements are of a type that cannot be read; `typeName` says which.
  public var type: DataType? { isConverted ? .float32 : element.type }
  /// The element type, by the file's name for it when it cannot be read.
  public var typeName: String { element.name }
  /// Distance between neighbours along each axis, in elements; not negative. 0 repeats one element.
  public let strides: [Int]
  /// The memory that the tensor lies in, maybe with others.
  public let storage: Bytes
  /// The first element, counted in elements from the start of `storage`.
  public let elementOffset: Int

  let element: ElementType
  /// Of floats that lie in the file as whole numbers: what one is worth in each row, the part at one place of the first axis.
  var steps: [Float]?
  /// Whether they are floats that lie in the file as bfloat16.
  var isWidened = false
  /// Whole weights that lie in the file in the order of kernels, of which `storage` is another look then.
  var blocks: ByteBlocks?
  /// Whether elements are not what lies in the file.
  var isConverted: Bool { steps != nil || isWidened }

  /// Elements that a tensor may have beyond those of its storage, by stride 0 or overlapping rows. Without this limit a
  /// file of 100 bytes could ask for gigabytes.
  static let maximumRepeatedElements = 1 << 20

  /// Checks that every element lies inside the storage.
  init(
    shape: Shape, element: ElementType, strides: [Int], storage: Bytes, elementOffset: Int,
    of name: @autoclosure () -> String
  ) throws(MTLError) {
    self.shape = shape
    self.element = element
    self.strides = strides
    self.storage = storage
    self.elementOffset = elementOffset
    // Nothing can be said about the bytes of an unknown type, and none of them is ever read.
    guard let elementByteCount = element.byteCount else { return }
    let available = storage.count / elementByteCount
    guard strides.count == shape.rank, strides.allSatisfy({ $0 >= 0 }), elementOffset >= 0 else {
      throw MTLError(
        .badFormat, name(), expected: "an offset and \(shape.rank) strides of at least 0",
        found: "offset \(elementOffset), \(strides.count) strides \(strides.prefix(Shape.maximumRank))")
    }
    guard shape.elementCount > 0 else { return }
    let last = WeightEntry.lastElement(shape, strides, elementOffset)
    guard let last, last < available else {
      throw MTLError(
        .badFormat, name(),
        "shape \(shape), strides \(strides) and offset \(elementOffset) lead outside its storage of \(available) elements"
      )
    }
    guard shape.elementCount - available <= WeightEntry.maximumRepeatedElements else {
      throw MTLError(.limit, name(), "repeats the \(available) elements of its storage to \(shape.elementCount)")
    }
  }

  /// A dense row-major tensor that fills `storage`.
  init(shape: Shape, element: ElementType, dense storage: Bytes, of name: @autoclosure () -> String) throws(MTLError) {
    try self.init(
      shape: shape, element: element, strides: shape.rowMajorStrides, storage: storage, elementOffset: 0, of: name())
  }

  /// Whole weights in the order of kernels.
  init(shape: Shape, blocks: ByteBlocks, of name: @autoclosure () -> String) throws(MTLError) {
    try self.init(shape: shape, element: ElementType(.int8), dense: blocks.bytes, of: name())
    self.blocks = blocks
  }

  /// Index of the last element; nil on overflow.
  private static func lastElement(_ shape: Shape, _ strides: [Int], _ offset: Int) -> Int? {
    var last = offset
    for (dimension, stride) in zip(shape.dimensions, strides) {
      let (distance, overflow) = (dimension - 1).multipliedReportingOverflow(by: stride)
      let (sum, sumOverflow) = last.addingReportingOverflow(distance)
      if overflow || sumOverflow { return nil }
      last = sum
    }
    return last
  }

  /// Where the elements lie: entries of one place are one tensor under several names.
  public struct Place: Hashable, Sendable {
    private let address: UInt
    private let type: String
    private let shape: [Int]
    private let strides: [Int]

    fileprivate init(_ entry: WeightEntry) {
      let start = unsafe entry.storage.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
      address = start &+ UInt(bitPattern: entry.elementOffset &* (entry.element.byteCount ?? 0))
      type = entry.typeName
      shape = entry.shape.dimensions
      strides = entry.strides
    }
  }

  public var place: Place { Place(self) }

  /// Whether the elements lie one after the other in row-major order.
  public var isDense: Bool {
    var expected = 1
    for axis in stride(from: shape.rank - 1, through: 0, by: -1) where shape[axis] != 1 {
      if strides[axis] != expected { return shape.elementCount == 0 }
      expected *= shape[axis]
    }
    return true
  }
}
