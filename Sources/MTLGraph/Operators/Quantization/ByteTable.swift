/// Any function of a value on a grid of bytes whose results are on a grid as well: what stands between two roundings, as
/// 256 numbers.
public struct ByteTable: ElementwiseOperator {
  public static let name = "ByteTable"
  /// Of the argument and of the result.
  public let input: ByteGrid
  public let output: ByteGrid
  /// The result's number on its grid for each of the argument's.
  public let codes: [UInt8]

  /// - Parameter codes: 256.
  init(from input: ByteGrid, to output: ByteGrid, codes: [UInt8]) {
    (self.input, self.output, self.codes) = (input, output, codes)
  }

  public func apply(_ value: Float) -> Float { output.value(of: codes[Int(input.code(of: value))]) }
}
