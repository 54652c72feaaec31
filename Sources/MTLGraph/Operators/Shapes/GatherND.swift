/// Parts of a tensor at places along its first axes, which the last axis of the second input lists.
public struct GatherND: MovingOperator, StandardOperator {
  public static let name = "GatherND"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      GatherND(batchRank: try attributes.integer("batch_dims", default: 0))
    }
  ]
  /// First axes that both inputs share.
  private let batchRank: Int

  public init(batchRank: Int) {
    self.batchRank = batchRank
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    _ = try inputs.required(1)
    return try inferring(inputs) { shapes throws(MTLError) in
      let (data, indices) = (shapes[0], shapes[1])
      guard indices.rank >= 1, (0..<indices.rank).contains(batchRank), batchRank <= data.rank,
        indices.dimensions[..<batchRank] == data.dimensions[..<batchRank],
        indices[indices.rank - 1] <= data.rank - batchRank
      else {
        throw MTLError(.shapeMismatch, "indices", expected: "places in \(data)", found: "\(indices)")
      }
      let rest = data.dimensions[(batchRank + indices[indices.rank - 1])...]
      return [try Shape(checking: indices.dimensions.dropLast() + rest, of: "output")]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, indices) = (try inputs.required(0), try inputs.required(1))
    let output = try outputShape(inputs)
    let width = indices.shape[indices.shape.rank - 1]
    let strides = input.shape.rowMajorStrides
    let inner = input.shape.dimensions[(batchRank + width)...].reduce(1, *)
    let rows = output.elementCount / max(inner, 1)
    let batches = max(indices.shape.dimensions[..<batchRank].reduce(1, *), 1)
    let numbers = indices.integers()
    var starts: [Int] = []
    for row in 0..<rows {
      var start = row / max(rows / batches, 1) * (batchRank == 0 ? 0 : strides[batchRank - 1])
      for position in 0..<width {
        let size = input.shape[batchRank + position]
        let index = numbers[row * width + position]
        guard (-size..<size).contains(index) else {
          throw MTLError(.shapeMismatch, "indices", expected: "-\(size) to \(size - 1)", found: "\(index)")
        }
        start += (index < 0 ? index + size : index) * strides[batchRank + position]
      }
      starts.append(start)
    }
    return [try input.moved(to: output) { starts[$0 / inner] + $0 % inner }]
  }
}
