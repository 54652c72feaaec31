/// An operator that only moves the elements of its first input, or repeats them, or puts zeros beside them, by what its
/// attributes and other inputs say: where those are constants, each element of the output has a known place.
public protocol MovingOperator: GeneralOperator {}

extension MovingOperator {
  public var takesText: Bool { true }
}

extension Tensor {
  /// The row-major places of a shape's elements, counted from 1: moved by an operator, they say where its elements come
  /// from, and 0 is a zero that it puts in.
  package init(placesOf shape: Shape) {
    self.init((0..<shape.elementCount).map { $0 + 1 }, as: .int64, shape: shape)
  }
}
