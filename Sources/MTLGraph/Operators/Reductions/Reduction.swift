/// A reduction over known axes in the terms of a loop: a start, what each element adds, and an end.
package struct Reduction: Sendable {
  package enum Kind: Sendable { case sum, mean, norm, squares, largest, smallest }
  package let kind: Kind
  /// Places of the groups' first elements, and of the elements of a group from there.
  package let starts: [Int]
  package let steps: [Int]

  /// nil for operators that are none of these, and for axes that depend on data.
  package init?(_ operation: any Operator, _ inputs: [Fact?]) throws(MTLError) {
    let kinds: [(any Operator.Type, Kind)] = [
      (ReduceSum.self, .sum), (ReduceMean.self, .mean), (ReduceL2.self, .norm), (ReduceSumSquare.self, .squares),
      (ReduceMax.self, .largest), (ReduceMin.self, .smallest),
    ]
    guard let reduction = operation as? any ReductionOperator, let shape = inputs.optional(0)?.shape,
      let kind = kinds.first(where: { $0.0 == type(of: operation) })?.1,
      let axes = try reduction.settings.axes(inputs, shape)
    else { return nil }
    self.kind = kind
    let strides = shape.rowMajorStrides
    let others = shape.dimensions.indices.filter { !axes.contains($0) }
    func places(_ axes: [Int]) -> [Int] {
      let places = BroadcastPlaces(dimensions: axes.map { shape[$0] }, strides: axes.map { strides[$0] })
      return (0..<axes.reduce(1) { $0 * shape[$1] }).map { places.offset($0) }
    }
    (starts, steps) = (places(others), places(axes))
  }
}
