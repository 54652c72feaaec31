import CMTLKernels
import MTLGraph

/// An activation in the terms of the kernels.
struct Activation: Hashable {
  let code: Int32
  let slope: Float
  let name: String

  static let none = Activation(code: Int32(MTLK_NO_ACTIVATION), slope: 0, name: "")

  /// The kernels' form of an operator, or nil if it is no activation that they know.
  init?(_ operation: any Operator) {
    switch operation {
    case is Relu: self.init(code: Int32(MTLK_RELU), slope: 0, name: "relu")
    case let leaky as LeakyRelu:
      self.init(code: Int32(MTLK_LEAKY_RELU), slope: leaky.slope, name: "leaky relu")
    case let clipped as ClippedRelu:
      self.init(code: Int32(MTLK_CLIPPED_RELU), slope: clipped.limit, name: "clipped relu")
    case is Sigmoid: self.init(code: Int32(MTLK_SIGMOID), slope: 0, name: "sigmoid")
    case is Tanh: self.init(code: Int32(MTLK_TANH), slope: 0, name: "tanh")
    case is Gelu: self.init(code: Int32(MTLK_GELU), slope: 0, name: "gelu")
    case is Silu: self.init(code: Int32(MTLK_SILU), slope: 0, name: "silu")
    case is HardSwish: self.init(code: Int32(MTLK_HARD_SWISH), slope: 0, name: "hard swish")
    default: return nil
    }
  }

  private init(code: Int32, slope: Float, name: String) {
    self.code = code
    self.slope = slope
    self.name = name
  }

  /// Whether a convolution does it in registers.
  var isCheap: Bool { [MTLK_RELU, MTLK_LEAKY_RELU, MTLK_CLIPPED_RELU].contains { code == Int32($0) } }

  /// " + relu" behind a kernel's name.
  var suffix: String { name.isEmpty ? "" : " + \(name)" }
}
