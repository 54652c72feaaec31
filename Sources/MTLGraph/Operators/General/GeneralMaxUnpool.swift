/// Spreads maxima to where a pool found them; the rest is zero.
public struct GeneralMaxUnpool: GeneralOperator, StandardOperator {
  public static let name = "MaxUnpool"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in GeneralMaxUnpool(try SpatialWindow(attributes)) }
  ]
  private let window: SpatialWindow
  private let size = NumberList(attribute: nil, orInput: 2)

  init(_ window: SpatialWindow) {
    self.window = window
  }

  /// What the pool that took these places would have read; indices count in this shape.
  private func pooled(_ shape: Shape) throws(MTLError) -> Shape {
    let sizes = Array(shape.dimensions[2...])
    let resolved = try window.resolved(sizes)
    let whole = sizes.indices.map { axis in
      (sizes[axis] - 1) * resolved.strides[axis] - resolved.before[axis] - resolved.behind[axis] + resolved.kernel[axis]
    }
    return try Shape(checking: [shape[0], shape[1]] + whole, of: "output")
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (input, indices) = (try inputs.required(0), try inputs.required(1))
    guard let shape = input.shape else { return [Fact(input.type, nil)] }
    guard shape.rank >= 3, indices.shape == nil || indices.shape == shape else {
      throw MTLError(.shapeMismatch, "indices", expected: "\(shape)", found: "\(indices.shape ?? [])")
    }
    switch size.look(inputs) {
    case .unknown: return [Fact(input.type, nil)]
    case .absent: return [Fact(input.type, try pooled(shape))]
    case .known(let sizes):
      guard sizes.count == shape.rank else {
        throw MTLError(.shapeMismatch, "output_shape", expected: "\(shape.rank) numbers", found: "\(sizes)")
      }
      return [Fact(input.type, try Shape(checking: sizes, of: "output_shape"))]
    }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let own = try pooled(input.shape)
    var sources: [Int: Int] = [:]
    for (index, place) in try inputs.required(1).integers().enumerated() {
      guard (0..<own.elementCount).contains(place) else {
        throw MTLError(.shapeMismatch, "indices", expected: "0 to \(own.elementCount - 1)", found: "\(place)")
      }
      // From the pool's shape to the wanted one, which may be larger.
      var (rest, target, isInside) = (place, 0, true)
      let strides = shape.rowMajorStrides
      for axis in own.dimensions.indices.reversed() {
        let part = rest % own[axis]
        rest /= own[axis]
        isInside = isInside && part < shape[axis]
        target += part * strides[axis]
      }
      if isInside { sources[target] = index }
    }
    return [try input.moved(to: shape) { sources[$0] }]
  }
}
