/// What a value of a graph in general form is; any of these may be optional.
public enum ValueForm: String, Sendable, Hashable {
  case tensor, sequence
}

/// What a file declares a value to be.
public struct ValueType: Sendable, Hashable {
  public let form: ValueForm
  /// Of the tensor, or of each tensor of the sequence.
  public let element: DataType
  public let isOptional: Bool

  public init(_ form: ValueForm, _ element: DataType, isOptional: Bool) {
    self.form = form
    self.element = element
    self.isOptional = isOptional
  }
}

/// A value while a graph runs. An optional value that is there is what it holds.
public enum GraphValue: Sendable {
  case tensor(Tensor)
  case sequence(TensorSequence)
  /// An optional value that is not there, and what it would be.
  case nothing(ValueType)
}

extension GraphValue {
  /// The tensor that this must be.
  public func tensor(_ subject: @autoclosure () -> String = "value") throws(MTLError) -> Tensor {
    guard case .tensor(let tensor) = self else {
      throw MTLError(.dataTypeMismatch, subject(), expected: "a tensor", found: described)
    }
    return tensor
  }

  /// The sequence that this must be.
  public func sequence(_ subject: @autoclosure () -> String = "value") throws(MTLError) -> TensorSequence {
    guard case .sequence(let sequence) = self else {
      throw MTLError(.dataTypeMismatch, subject(), expected: "a sequence", found: described)
    }
    return sequence
  }

  /// The tensors that this has.
  public var tensors: [Tensor] {
    switch self {
    case .tensor(let tensor): [tensor]
    case .sequence(let sequence): sequence.elements
    case .nothing: []
    }
  }

  /// For errors.
  public var described: String {
    switch self {
    case .tensor: "a tensor"
    case .sequence: "a sequence"
    case .nothing: "an optional value that is not there"
    }
  }
}

/// Tensors of one element type, in an order. Their shapes may differ.
public struct TensorSequence: Sendable {
  public let type: DataType
  public let elements: [Tensor]

  /// Tensors of one sequence, and the elements of all of them: loops make sequences as long as their data say.
  public static let maximumCount = 1 << 16
  public static let maximumElementCount = 1 << 28

  /// - Parameter type: of the elements, which an empty sequence has, too.
  public init(_ elements: [Tensor], type: DataType) throws(MTLError) {
    guard elements.count <= TensorSequence.maximumCount else {
      throw MTLError(
        .limit, "sequence", expected: "at most \(TensorSequence.maximumCount) tensors", found: "\(elements.count)")
    }
    var count = 0
    for tensor in elements {
      guard tensor.type == type else {
        throw MTLError(.dataTypeMismatch, "sequence", expected: "tensors of \(type)", found: "one of \(tensor.type)")
      }
      count = count.saturatingSum(tensor.shape.elementCount)
    }
    guard count <= TensorSequence.maximumElementCount else {
      throw MTLError(
        .limit, "sequence", expected: "at most \(TensorSequence.maximumElementCount) elements in all its tensors",
        found: "\(count)")
    }
    self.type = type
    self.elements = elements
  }

  /// The place that an index means; negative ones count from the end.
  static func place(_ index: Int, size: Int) throws(MTLError) -> Int {
    guard size > 0, (-size..<size).contains(index) else {
      throw MTLError(
        .shapeMismatch, "index", expected: size > 0 ? "\(-size) to \(size - 1)" : "none: the sequence is empty",
        found: "\(index)")
    }
    return index < 0 ? index + size : index
  }
}

/// An operator whose inputs or outputs may be sequences or optional values.
public protocol ValueOperator: Operator {
  /// An input that the node leaves out is nil.
  func computeValues(_ inputs: [GraphValue?]) throws(MTLError) -> [GraphValue]
}

extension ValueOperator {
  public var kinds: OperatorKinds { .values }

  /// Elements of sequences are handed on as they are.
  public var takesText: Bool { true }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    try computeValues(inputs.map { $0.map { .tensor($0) } }).map { value throws(MTLError) in try value.tensor() }
  }
}

extension Array where Element == GraphValue? {
  func optional(_ position: Int) -> GraphValue? { position < count ? self[position] : nil }

  /// An input that must be there.
  func required(_ position: Int) throws(MTLError) -> GraphValue {
    guard let value = optional(position) else {
      throw MTLError(.badFormat, "input", expected: "an input at position \(position)", found: "none")
    }
    return value
  }

  func tensor(_ position: Int) throws(MTLError) -> Tensor { try required(position).tensor("input \(position)") }

  /// The tensor at a position, nil where the node leaves it out.
  func optionalTensor(_ position: Int) throws(MTLError) -> Tensor? {
    try optional(position).map { value throws(MTLError) in try value.tensor("input \(position)") }
  }

  func sequence(_ position: Int) throws(MTLError) -> TensorSequence {
    try required(position).sequence("input \(position)")
  }

  /// All inputs, for an operator that takes tensors alone.
  func tensors() throws(MTLError) -> [Tensor?] {
    try enumerated().map { position, value throws(MTLError) in
      try value.map { value throws(MTLError) in try value.tensor("input \(position)") }
    }
  }
}
