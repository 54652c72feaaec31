/// A tensor in which slices are replaced by, or joined with, others at places that the last axis of the indices says.
public struct ScatterND: GeneralOperator, StandardOperator {
  public static let name = "ScatterND"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      ScatterND(reduction: try attributes.choice("reduction", default: .none))
    }
  ]
  private let reduction: ScatterReduction

  init(reduction: ScatterReduction) {
    self.reduction = reduction
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (input, indices, updates) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard let shape = input.shape, let places = indices.shape, let values = updates.shape else {
      return [Fact(input.type, input.shape)]
    }
    guard let depth = places.dimensions.last, depth <= shape.rank, updates.type == input.type,
      values.dimensions == places.dimensions.dropLast() + shape.dimensions[depth...]
    else { throw MTLError(.shapeMismatch, "updates", expected: "slices of \(shape) at \(places)", found: "\(values)") }
    return [Fact(input.type, shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, indices, updates) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let shape = try outputShape(inputs)
    let depth = indices.shape.dimensions.last ?? 0
    guard updates.shape.elementCount > 0 else { return [input] }
    let strides = shape.rowMajorStrides
    let slice = shape.dimensions[depth...].reduce(1, *)
    let numbers = indices.integers()
    var places: [Int] = []
    for row in 0..<(depth == 0 ? indices.shape.dimensions.dropLast().reduce(1, *) : numbers.count / depth) {
      var start = 0
      for axis in 0..<depth {
        let size = shape[axis]
        let index = numbers[row * depth + axis]
        guard (-size..<size).contains(index) else {
          throw MTLError(.shapeMismatch, "indices", expected: "-\(size) to \(size - 1)", found: "\(index)")
        }
        start += (index < 0 ? index + size : index) * strides[axis]
      }
      places += start..<start + slice
    }
    return [try reduction.scatter(updates, to: input, places)]
  }
}
