import MTLGraph

/// An elementwise function, alone or behind a layer.
public enum ActivationKind: String, Sendable, CaseIterable {
  case relu
  case leakyRelu = "leaky_relu"
  case sigmoid
  case tanh
  case gelu
  case silu
  case hardSwish = "hard_swish"

  /// leaky_relu has PyTorch's default slope of 0.01.
  var operation: any Operator {
    switch self {
    case .relu: Relu()
    case .leakyRelu: LeakyRelu()
    case .sigmoid: Sigmoid()
    case .tanh: Tanh()
    case .gelu: Gelu()
    case .silu: Silu()
    case .hardSwish: HardSwish()
    }
  }
}

/// {"block": "activation", "kind": "relu" | "leaky_relu" | "sigmoid" | "tanh" | "gelu" | "silu" | "hard_swish"}
public struct ActivationBlock: Block {
  public static let name = "activation"
  let kind: ActivationKind

  public init(_ fields: inout FieldReader) throws(MTLError) {
    guard let kind: ActivationKind = try fields.choice("kind") else {
      throw MTLError(.badFormat, fields.path, "has no field 'kind'")
    }
    self.kind = kind
  }

  public func add(to builder: inout NetworkBuilder, after input: ValueID) throws(MTLError) -> ValueID {
    try builder.add(kind.operation, [input])
  }
}
