import Glibc

/// Discrete Fourier transform along one axis; the last axis holds real numbers, or real and imaginary parts.
public struct DFT: GeneralOperator, StandardOperator {
  public static let name = "DFT"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      DFT(
        isInverse: try attributes.flag("inverse"), isOneSided: try attributes.flag("onesided"),
        axis: NumberList(
          attribute: attributes.opset < 20 ? [try attributes.integer("axis", default: 1)] : nil, orInput: 2))
    }
  ]
  private let isInverse: Bool
  /// Whether only the first half is wanted, of which the rest follows where the input is real; inverse, whether only that
  /// is given.
  private let isOneSided: Bool
  private let axis: NumberList
  private let length = NumberList(attribute: nil, orInput: 1)

  init(isInverse: Bool, isOneSided: Bool, axis: NumberList) {
    (self.isInverse, self.isOneSided, self.axis) = (isInverse, isOneSided, axis)
  }

  /// Longest transform, which is computed from its definition.
  private static let maximumLength = 1 << 14

  private func geometry(_ inputs: [Fact?], _ shape: Shape) throws(MTLError) -> (axis: Int, length: Int)? {
    guard shape.rank >= 2, (1...2).contains(shape[shape.rank - 1]) else {
      throw MTLError(.shapeMismatch, "input", expected: "1 or 2 numbers in the last axis", found: "\(shape)")
    }
    var place = -2
    switch axis.look(inputs) {
    case .known(let axes): place = axes.first ?? -2
    case .absent: break
    case .unknown: return nil
    }
    let axis = try shape.axis(place)
    guard axis < shape.rank - 1 else {
      throw MTLError(.shapeMismatch, "axis", expected: "another than the last", found: "\(place)")
    }
    var length = isInverse && isOneSided ? max(2 * (shape[axis] - 1), 1) : shape[axis]
    switch self.length.look(inputs) {
    case .known(let lengths): length = lengths.first ?? length
    case .absent: break
    case .unknown: return nil
    }
    guard (1...DFT.maximumLength).contains(length) else {
      throw MTLError(.limit, "dft_length", expected: "1 to \(DFT.maximumLength)", found: "\(length)")
    }
    return (axis, length)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, let (axis, length) = try geometry(inputs, shape) else {
      return [Fact(input.type, nil)]
    }
    var dimensions = shape.dimensions
    dimensions[axis] = isOneSided && !isInverse ? length / 2 + 1 : length
    dimensions[shape.rank - 1] = isOneSided && isInverse ? 1 : 2
    return [Fact(input.type, try Shape(checking: dimensions, of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    guard let (axis, length) = try geometry(inputs.map { $0.map { Fact($0) } }, input.shape) else {
      throw MTLError(.internalFault, name, "its axis is unknown")
    }
    let values = input.doubles()
    let (parts, outputParts) = (input.shape[input.shape.rank - 1], shape[shape.rank - 1])
    let (inner, outputInner) = (input.shape.around(axis).inner / parts, shape.around(axis).inner / outputParts)
    let size = input.shape[axis]
    let turns = (0..<length).map { 2 * Double.pi * Double($0) / Double(length) * (isInverse ? 1 : -1) }
    let circle = turns.map { (cos: cos($0), sin: sin($0)) }
    var result = [Double](repeating: 0, count: shape.elementCount)
    for line in 0..<input.shape.around(axis).outer * inner {
      let (outer, column) = line.quotientAndRemainder(dividingBy: inner)
      func number(_ k: Int) -> (re: Double, im: Double) {
        // One-sided spectra are mirrored.
        let isMirrored = isInverse && isOneSided && k >= size
        let place = isMirrored ? length - k : k
        guard place < size else { return (0, 0) }
        let start = ((outer * size + place) * inner + column) * parts
        let im = parts == 2 ? values[start + 1] : 0
        return (values[start], isMirrored ? -im : im)
      }
      let numbers = (0..<length).map { number($0) }
      for k in 0..<shape[axis] {
        var (re, im) = (0.0, 0.0)
        for (n, z) in numbers.enumerated() {
          let w = circle[n * k % length]
          re += z.re * w.cos - z.im * w.sin
          im += z.re * w.sin + z.im * w.cos
        }
        let scale = isInverse ? 1 / Double(length) : 1
        let start = ((outer * shape[axis] + k) * outputInner + column) * outputParts
        result[start] = re * scale
        if outputParts == 2 { result[start + 1] = im * scale }
      }
    }
    return [Tensor(result, as: input.type, shape: shape)]
  }
}
