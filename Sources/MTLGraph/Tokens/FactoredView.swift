/// Elements of a row-major tensor in another order, without a copy: what reshapes, transposes and slices make of it.
///
/// An axis may stand for several strides at once, as the axis does that joins images and heads, so that no reshape of a
/// transpose ends the view. Axes of size 1 have no factor.
struct FactoredView: Equatable {
  struct Factor: Equatable {
    var size: Int
    /// In elements of the tensor.
    var stride: Int
  }

  /// The factors of each axis, outermost first, joined where they can be.
  private(set) var axes: [[Factor]]
  private(set) var offset: Int

  init(axes: [[Factor]], offset: Int = 0) {
    self.axes = axes.map(FactoredView.joined)
    self.offset = offset
  }

  /// The tensor itself.
  init(_ shape: Shape) {
    self.init(axes: zip(shape.dimensions, shape.rowMajorStrides).map { [Factor(size: $0, stride: $1)] })
  }

  var shape: Shape { Shape(axes.map { $0.reduce(1) { $0 * $1.size } }) }

  /// All factors, outermost first.
  var factors: [Factor] { FactoredView.joined(axes.flatMap { $0 }) }

  private static func joined(_ factors: [Factor]) -> [Factor] {
    var result: [Factor] = []
    for factor in factors where factor.size != 1 {
      if let last = result.last, last.stride == factor.size * factor.stride {
        result[result.count - 1] = Factor(size: last.size * factor.size, stride: factor.stride)
      } else {
        result.append(factor)
      }
    }
    return result
  }

  func transposed(_ order: [Int]) -> FactoredView { FactoredView(axes: order.map { axes[$0] }, offset: offset) }

  /// nil where an axis would end inside a factor.
  func reshaped(to shape: Shape) -> FactoredView? {
    var rest = factors
    var result: [[Factor]] = []
    for dimension in shape.dimensions.reversed() {
      var (axis, open): ([Factor], Int) = ([], dimension)
      while open > 1 {
        guard let last = rest.popLast() else { return nil }
        let inner = min(last.size, open)
        guard inner > 0, last.size % inner == 0, open % inner == 0 else { return nil }
        axis.append(Factor(size: inner, stride: last.stride))
        if last.size > inner { rest.append(Factor(size: last.size / inner, stride: last.stride * inner)) }
        open /= inner
      }
      guard open == 1 else { return nil }
      result.append(axis.reversed())
    }
    return rest.isEmpty ? FactoredView(axes: result.reversed(), offset: offset) : nil
  }

  /// `count` elements of an axis, every `step`-th from `first` on; nil where that is no factor's part.
  func sliced(axis: Int, first: Int, count: Int, step: Int) -> FactoredView? {
    var view = self
    let own = axes[axis]
    let inner = own.dropFirst().reduce(1) { $0 * $1.size }
    if count == 1 {
      var place = first
      for factor in own.reversed() {
        view.offset += place % factor.size * factor.stride
        place /= factor.size
      }
      view.axes[axis] = []
      return view
    }
    guard let outer = own.first, inner == 1 || step == 1, first % inner == 0, count % inner == 0, count > 0 else {
      return nil
    }
    view.offset += first / inner * outer.stride
    let part = Factor(size: count / inner, stride: outer.stride * step)
    view.axes[axis] = FactoredView.joined([part] + own.dropFirst())
    return view
  }

  /// The places that some factors run through, the last one fastest.
  static func places(_ factors: [Factor], from start: Int = 0) -> [Int] {
    var places = [start]
    for factor in factors {
      places = places.flatMap { place in (0..<factor.size).map { place + $0 * factor.stride } }
    }
    return places
  }
}
