/// Writes an update into a cache along an axis, for each image from a place of its own.
public struct TensorScatter: GeneralOperator, StandardOperator {
  enum Mode: String, Sendable, CaseIterable { case linear, circular }

  public static let name = "TensorScatter"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      TensorScatter(
        mode: try attributes.choice("mode", default: .linear), axis: try attributes.integer("axis", default: -2))
    }
  ]
  private let mode: Mode
  private let axis: Int

  init(mode: Mode, axis: Int) {
    (self.mode, self.axis) = (mode, axis)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (cache, update) = (try inputs.required(0), try inputs.required(1))
    guard let shape = cache.shape, let other = update.shape else { return [Fact(cache.type, cache.shape)] }
    let axis = try shape.axis(axis)
    guard axis > 0, other.rank == shape.rank, update.type == cache.type,
      shape.dimensions.indices.allSatisfy({ $0 == axis ? other[$0] <= shape[$0] : other[$0] == shape[$0] })
    else {
      throw MTLError(.shapeMismatch, "update", expected: "at most \(shape) along axis \(axis)", found: "\(other)")
    }
    return [Fact(cache.type, shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (cache, update) = (try inputs.required(0), try inputs.required(1))
    let shape = try outputShape(inputs)
    let axis = try shape.axis(axis)
    let starts = inputs.optional(2)?.integers() ?? [Int](repeating: 0, count: shape[0])
    guard starts.count == shape[0] else {
      throw MTLError(.shapeMismatch, "write_indices", expected: "\(shape[0])", found: "\(starts.count)")
    }
    let (size, length) = (shape[axis], update.shape[axis])
    for start in starts where start < 0 || (mode == .linear && start > size - length) {
      throw MTLError(.shapeMismatch, "write_indices", expected: "0 to \(size - length)", found: "\(start)")
    }
    let (outer, inner) = shape.around(axis)
    let images = outer / max(shape[0], 1)
    let joined = try Tensor.joined([cache, update], to: [cache.shape.elementCount + update.shape.elementCount])
    return [
      try joined.moved(to: shape) { index in
        let (row, column) = index.quotientAndRemainder(dividingBy: inner)
        let (line, place) = row.quotientAndRemainder(dividingBy: size)
        var written = place - starts[line / images] % size
        if mode == .circular && written < 0 { written += size }
        guard (0..<length).contains(written) else { return index }
        return cache.shape.elementCount + (line * length + written) * inner + column
      }
    ]
  }
}
