/// Reverses the beginning of each sequence, of a length of its own.
public struct ReverseSequence: MovingOperator, StandardOperator {
  public static let name = "ReverseSequence"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      ReverseSequence(
        batchAxis: try attributes.integer("batch_axis", default: 1),
        timeAxis: try attributes.integer("time_axis", default: 0))
    }
  ]
  private let batchAxis: Int
  private let timeAxis: Int

  init(batchAxis: Int, timeAxis: Int) {
    (self.batchAxis, self.timeAxis) = (batchAxis, timeAxis)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    _ = try inputs.required(1)
    if let shape = input.shape { _ = try shape.axes([batchAxis, timeAxis]) }
    return [Fact(input.type, input.shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, lengths) = (try inputs.required(0), try inputs.required(1).integers())
    let shape = try outputShape(inputs)
    let (batch, time) = (try shape.axis(batchAxis), try shape.axis(timeAxis))
    guard lengths.count == shape[batch], lengths.allSatisfy({ (0...shape[time]).contains($0) }) else {
      throw MTLError(
        .shapeMismatch, "lengths", expected: "\(shape[batch]) of 0 to \(shape[time])", found: "\(lengths)")
    }
    let strides = shape.rowMajorStrides
    return [
      try input.moved(to: shape) { index in
        let place = index / strides[time] % shape[time]
        let length = lengths[index / strides[batch] % shape[batch]]
        return place < length ? index + (length - 1 - 2 * place) * strides[time] : index
      }
    ]
  }
}
