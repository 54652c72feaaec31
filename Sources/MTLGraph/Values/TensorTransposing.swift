extension Tensor {
  /// The axes in another order: axis i of the result is axis `order[i]`. Large matrices of weights go this way, so it works
  /// on tiles that fit the first-level cache. `order` must name each axis once.
  func transposed(_ order: [Int]) throws(MTLError) -> Tensor {
    let target = Shape(order.map { shape[$0] })
    let strides = shape.rowMajorStrides
    let copy = TiledCopy(target, strides: order.map { strides[$0] })
    let bytes = try unsafe Bytes(byteCount: bytes.count) { target in
      unsafe self.bytes.withUnsafeBytes { source in
        switch type.byteCount {
        case 1: unsafe copy.run(source, target, as: UInt8.self)
        case 2: unsafe copy.run(source, target, as: UInt16.self)
        case 4: unsafe copy.run(source, target, as: UInt32.self)
        default: unsafe copy.run(source, target, as: UInt64.self)
        }
      }
    }
    return try Tensor(shape: target, type: type, bytes: bytes, of: "transpose")
  }
}

/// Dense elements from ones that stand by other strides: all elements of the source, each once.
private struct TiledCopy {
  private static let tile = 32
  private let outer: BroadcastPlaces
  private let outerCount: Int
  /// Of the last two axes.
  private let sizes: (rows: Int, columns: Int)
  private let strides: (row: Int, column: Int)

  init(_ shape: Shape, strides: [Int]) {
    let lead = max(shape.rank - 2, 0)
    outer = BroadcastPlaces(dimensions: Array(shape.dimensions[..<lead]), strides: Array(strides[..<lead]))
    outerCount = shape.dimensions[..<lead].reduce(1, *)
    let last = Array(shape.dimensions[lead...])
    let steps = Array(strides[lead...])
    sizes = (last.count > 1 ? last[0] : 1, last.last ?? 1)
    self.strides = (steps.count > 1 ? steps[0] : 0, steps.last ?? 0)
  }

  /// Files need not align their elements; the target is.
  @unsafe func run<Element: BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer, as: Element.Type
  ) {
    let size = MemoryLayout<Element>.size
    guard let from = source.baseAddress,
      let to = unsafe target.baseAddress?.bindMemory(
        to: Element.self, capacity: outerCount * sizes.rows * sizes.columns)
    else { return }
    for block in 0..<outerCount {
      let (start, first) = unsafe (from + outer.offset(block) * size, to + block * sizes.rows * sizes.columns)
      for row in stride(from: 0, to: sizes.rows, by: TiledCopy.tile) {
        for column in stride(from: 0, to: sizes.columns, by: TiledCopy.tile) {
          for i in row..<min(row + TiledCopy.tile, sizes.rows) {
            for j in column..<min(column + TiledCopy.tile, sizes.columns) {
              let place = (i * strides.row + j * strides.column) * size
              unsafe first[i * sizes.columns + j] = (start + place).loadUnaligned(as: Element.self)
            }
          }
        }
      }
    }
  }
}
