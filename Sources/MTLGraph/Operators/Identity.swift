/// Its input, unchanged.
public struct Identity: PassThroughOperator, StandardOperator {
  public static let name = "Identity"
  public static let imports = [OperatorImport(name) { _ in Identity() }]
  public init() {}
}

/// An operator that hands its input on when a network is evaluated; `removePassThrough` takes it out.
public protocol PassThroughOperator: Operator {}

extension PassThroughOperator {
  public var evaluatesAnyType: Bool { true }

  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { inputs }
}
