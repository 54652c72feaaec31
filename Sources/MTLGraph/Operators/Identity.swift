/// Its input, unchanged.
public struct Identity: PassThroughOperator {
  public static let name = "Identity"
  public init() {}
}

/// An operator that hands its input on when a network is evaluated; `removePassThrough` takes it out.
public protocol PassThroughOperator: Operator {}

extension PassThroughOperator {
  public func outputShapes(_ inputs: [Shape]) throws(MTLError) -> [Shape] {
    try requireInputs(inputs, 1...1)
    return [inputs[0]]
  }

  public func evaluate(_ inputs: [Tensor]) throws(MTLError) -> [Tensor] { inputs }
}
