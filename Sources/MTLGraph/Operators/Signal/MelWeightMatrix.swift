import Glibc

/// The matrix from spectra to mel bands: triangles that are evenly wide on the mel scale.
public struct MelWeightMatrix: GeneralOperator, StandardOperator {
  public static let name = "MelWeightMatrix"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let code = try attributes.integer("output_datatype", default: 1)
      guard let type = DataType(standardCode: code) else {
        throw MTLError(.unsupported, "attribute 'output_datatype'", "the library has no tensors of type \(code)")
      }
      return MelWeightMatrix(type: type)
    }
  ]
  private let type: DataType

  init(type: DataType) {
    self.type = type
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    guard let bands = try inputs.required(0).value?.integers().first,
      let length = try inputs.required(1).value?.integers().first
    else { return [Fact(type, nil)] }
    guard bands >= 0, bands < 1 << 20, length >= 0, length < 1 << 30 else {
      throw MTLError(.limit, "bands, length", expected: "fewer than 2^20 and 2^30", found: "\(bands), \(length)")
    }
    return [Fact(type, try Shape(checking: [length / 2 + 1, bands], of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let shape = try outputShape(inputs)
    let length = try inputs.required(1).integers()[0]
    let numbers = [try inputs.required(2), try inputs.required(3), try inputs.required(4)].map {
      $0.doubles().first ?? 0
    }
    let (rate, low, high) = (numbers[0], mel(numbers[1]), mel(numbers[2]))
    let bands = shape[1]
    let edges = (0..<bands + 2).map { band -> Int in
      let frequency = 700 * (pow(10, (low + Double(band) * (high - low) / Double(bands + 2)) / 2595) - 1)
      return Int(saturating: (Double(length + 1) * frequency / rate).rounded(.down))
    }
    var values = [Double](repeating: 0, count: shape.elementCount)
    func set(_ bin: Int, _ band: Int, _ value: Double) {
      if (0..<shape[0]).contains(bin) { values[bin * bands + band] = value }
    }
    for band in 0..<bands {
      let (left, middle, right) = (edges[band], edges[band + 1], edges[band + 2])
      guard left <= middle, middle <= right, right < 1 << 40 else { continue }
      if middle == left {
        set(middle, band, 1)
      } else {
        for bin in max(left, 0)..<max(min(middle + 1, shape[0]), max(left, 0)) {
          set(bin, band, Double(bin - left) / Double(middle - left))
        }
      }
      guard right > middle else { continue }
      for bin in max(middle, 0)..<max(min(right, shape[0]), max(middle, 0)) {
        set(bin, band, Double(right - bin) / Double(right - middle))
      }
    }
    return [Tensor(values, as: type, shape: shape)]
  }

  private func mel(_ frequency: Double) -> Double { 2595 * log10(1 + frequency / 700) }
}
