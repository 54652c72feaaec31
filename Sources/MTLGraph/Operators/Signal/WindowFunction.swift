import Glibc

/// Windows for spectra: sums of cosines.
public struct WindowFunction: GeneralOperator, StandardOperator {
  public static let name = "WindowFunction"
  public static let imports = [
    OperatorImport("HannWindow") { attributes throws(MTLError) in try WindowFunction([0.5, -0.5], attributes) },
    OperatorImport("HammingWindow") { attributes throws(MTLError) in
      try WindowFunction([25.0 / 46, -21.0 / 46], attributes)
    },
    OperatorImport("BlackmanWindow") { attributes throws(MTLError) in
      try WindowFunction([0.42, -0.5, 0.08], attributes)
    },
  ]
  private let factors: [Double]
  private let isPeriodic: Bool
  private let type: DataType

  init(_ factors: [Double], _ attributes: Attributes) throws(MTLError) {
    self.factors = factors
    isPeriodic = try attributes.flag("periodic", default: true)
    let code = try attributes.integer("output_datatype", default: 1)
    guard let type = DataType(standardCode: code) else {
      throw MTLError(.unsupported, "attribute 'output_datatype'", "the library has no tensors of type \(code)")
    }
    self.type = type
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    guard let size = try inputs.required(0).value?.integers().first else { return [Fact(type, nil)] }
    return [Fact(type, try Shape(checking: [size], of: "size"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let shape = try outputShape(inputs)
    let period = Double(max(isPeriodic ? shape[0] : shape[0] - 1, 1))
    let values = (0..<shape[0]).map { place in
      factors.enumerated().reduce(0) { $0 + $1.element * cos(2 * Double.pi * Double($1.offset * place) / period) }
    }
    return [Tensor(values, as: type, shape: shape)]
  }
}
