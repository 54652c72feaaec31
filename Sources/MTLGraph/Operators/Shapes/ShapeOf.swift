/// The sizes of a tensor's dimensions, or of some of them. Known as soon as the shape is.
public struct ShapeOf: GeneralOperator, StandardOperator {
  public static let name = "Shape"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      ShapeOf(start: try attributes.integer("start", default: 0), end: try attributes.integer("end"))
    }
  ]
  /// First and last dimension; negative counts from the end, and what lies beyond either end is cut.
  private let start: Int
  private let end: Int?

  public init(start: Int = 0, end: Int? = nil) {
    self.start = start
    self.end = end
  }

  public func readsShapeOnly(input: Int) -> Bool { true }

  public var takesText: Bool { true }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    guard let shape = try inputs.required(0).shape else { return [Fact(.int64, nil)] }
    return [Fact(sizes(of: shape))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] { [sizes(of: try inputs.required(0).shape)] }

  private func sizes(of shape: Shape) -> Tensor {
    func place(_ position: Int) -> Int {
      let counted = position < 0 ? position.saturatingSum(shape.rank) : position
      return min(max(counted, 0), shape.rank)
    }
    let (first, last) = (place(start), place(end ?? shape.rank))
    let sizes = first < last ? Array(shape.dimensions[first..<last]) : []
    return Tensor(sizes, as: .int64, shape: [sizes.count])
  }
}
