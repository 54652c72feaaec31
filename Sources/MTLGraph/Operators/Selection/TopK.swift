/// The largest or smallest elements along an axis, and where they are; of equal ones the first.
public struct TopK: GeneralOperator, StandardOperator {
  public static let name = "TopK"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      TopK(
        axis: try attributes.integer("axis", default: -1), isLargest: try attributes.flag("largest", default: true),
        count: NumberList(attribute: try attributes.integer("k").map { [$0] }, orInput: 1))
    }
  ]
  private let axis: Int
  private let isLargest: Bool
  private let count: NumberList
  public let outputCount = 2

  init(axis: Int, isLargest: Bool, count: NumberList) {
    (self.axis, self.isLargest, self.count) = (axis, isLargest, count)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, case .known(let counts) = count.look(inputs) else {
      return [Fact(input.type, nil), Fact(.int64, nil)]
    }
    let axis = try shape.axis(axis)
    guard counts.count == 1, (0...shape[axis]).contains(counts[0]) else {
      throw MTLError(.shapeMismatch, "k", expected: "0 to \(shape[axis])", found: "\(counts)")
    }
    var dimensions = shape.dimensions
    dimensions[axis] = counts[0]
    return [Fact(input.type, Shape(dimensions)), Fact(.int64, Shape(dimensions))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    let axis = try input.shape.axis(axis)
    let count = shape[axis]
    var (winners, ranks) = (
      [Int](repeating: 0, count: shape.elementCount), [Int](repeating: 0, count: shape.elementCount)
    )
    func pick(_ isBefore: (Int, Int) -> Bool) {
      for (line, target) in zip(input.shape.groups(joining: [axis]), shape.groups(joining: [axis])) {
        let order = line.indices.sorted { a, b in
          isBefore(line[a], line[b]) || (!isBefore(line[b], line[a]) && a < b)
        }
        for rank in 0..<count {
          winners[target[rank]] = line[order[rank]]
          ranks[target[rank]] = order[rank]
        }
      }
    }
    if input.type.isFloatingPoint {
      let values = input.doubles()
      pick { isLargest ? values[$0] > values[$1] : values[$0] < values[$1] }
    } else if input.type == .uint64 {
      let values = input.integers().map { UInt(bitPattern: $0) }
      pick { isLargest ? values[$0] > values[$1] : values[$0] < values[$1] }
    } else {
      let values = input.integers()
      pick { isLargest ? values[$0] > values[$1] : values[$0] < values[$1] }
    }
    return [try input.moved(to: shape) { winners[$0] }, Tensor(ranks, as: .int64, shape: shape)]
  }
}
