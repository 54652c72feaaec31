/// Numbers that older operator sets have as an attribute and later ones as an input: axes, sizes, pads.
struct NumberList: Sendable {
  private let attribute: [Int]?
  private let position: Int

  init(attribute: [Int]?, orInput position: Int) {
    self.attribute = attribute
    self.position = position
  }

  enum Knowledge {
    case absent
    case known([Int])
    /// Depends on data.
    case unknown
  }

  func look(_ inputs: [Fact?]) -> Knowledge {
    if let attribute { return .known(attribute) }
    guard let fact = inputs.optional(position) else { return .absent }
    return fact.value.map { .known($0.integers()) } ?? .unknown
  }

  func values(_ inputs: [Tensor?]) -> [Int]? { attribute ?? inputs.optional(position)?.integers() }
}

extension GeneralOperator {
  /// The shape of the first output for inputs whose values are known.
  func outputShape(_ inputs: [Tensor?]) throws(MTLError) -> Shape {
    guard let shape = try infer(inputs.map { $0.map { Fact($0) } }).first?.shape else {
      throw MTLError(.internalFault, name, "the shape of its output does not follow from its inputs")
    }
    return shape
  }
}

extension Shape {
  /// An axis counted from the first one; negative ones count from the last.
  func axis(_ axis: Int, of subject: String = "axis") throws(MTLError) -> Int {
    guard (-rank..<rank).contains(axis) else {
      throw MTLError(.shapeMismatch, subject, expected: "-\(rank) to \(rank - 1)", found: "\(axis)")
    }
    return axis < 0 ? axis + rank : axis
  }

  /// Axes counted from the first one, each once, in ascending order.
  func axes(_ axes: [Int]) throws(MTLError) -> [Int] {
    var result: Set<Int> = []
    for axis in axes {
      guard result.insert(try self.axis(axis)).inserted else {
        throw MTLError(.shapeMismatch, "axes", expected: "each axis once", found: "\(axes)")
      }
    }
    return result.sorted()
  }

  /// Elements before and behind an axis.
  func around(_ axis: Int) -> (outer: Int, inner: Int) {
    (dimensions[..<axis].reduce(1, *), dimensions[(axis + 1)...].reduce(1, *))
  }
}
