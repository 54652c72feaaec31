/// The sizes of a tensor's dimensions, outermost first. Images are NCHW outside the engine.
public struct Shape: Hashable, Sendable {
  public let dimensions: [Int]

  /// Limits that every tensor of a graph keeps; they bound all index arithmetic of the engine.
  public static let maximumRank = 8
  public static let maximumElementCount = 1 << 40

  /// No check: for shapes that this process made itself.
  public init(_ dimensions: [Int]) {
    self.dimensions = dimensions
  }

  /// A shape from outside: rank at most 8, dimensions not negative, at most 2^40 elements (zero
  /// dimensions counted as one).
  public init(checking dimensions: [Int], of subject: @autoclosure () -> String) throws(MTLError) {
    guard dimensions.count <= Shape.maximumRank else {
      throw MTLError(.limit, subject(), expected: "rank up to \(Shape.maximumRank)", found: "\(dimensions.count)")
    }
    var product = 1
    for dimension in dimensions {
      // A zero dimension must not hide the others: strides are products of these dimensions, too.
      let (next, overflow) = product.multipliedReportingOverflow(by: Swift.max(dimension, 1))
      guard dimension >= 0, !overflow, next <= Shape.maximumElementCount else {
        throw MTLError(
          .limit, subject(), expected: "dimensions of at most 2^40 elements", found: "\(dimensions)")
      }
      product = next
    }
    self.dimensions = dimensions
  }

  public var rank: Int { dimensions.count }
  public var elementCount: Int { dimensions.reduce(1, *) }
  public subscript(axis: Int) -> Int { dimensions[axis] }

  /// Strides in elements of the dense row-major layout.
  public var rowMajorStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * Swift.max(dimensions[axis + 1], 1)
    }
    return strides
  }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  public var description: String { dimensions.isEmpty ? "scalar" : dimensions.map(String.init).joined(separator: "x") }
}
