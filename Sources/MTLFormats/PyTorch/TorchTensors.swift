import MTLGraph

/// An unpickled object graph with its tensors' memory: tells what is a tensor, and where its elements are.
struct TorchTensors {
  let heap: PickleHeap
  /// The memory of a storage; the second argument names the tensor for errors.
  let storage: (TorchStorageIdentifier, String) throws(MTLError) -> Bytes

  /// A call of one of PyTorch's functions that rebuild tensors.
  private struct Call {
    let function: String
    let arguments: [PickleReference]
  }

  func isTensor(_ reference: PickleReference) -> Bool { call(reference) != nil }

  /// The tensor that `reference` describes; nil when it describes something else. A tensor of a kind without plain
  /// strided memory becomes an entry that cannot be read.
  func entry(_ reference: PickleReference, name: String) throws(MTLError) -> WeightEntry? {
    guard let call = call(reference) else { return nil }
    let arguments = call.arguments
    switch call.function {
    case "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_qtensor":
      return try strided(arguments, element: nil, name)
    case "_rebuild_tensor_v3":
      guard arguments.count > 6, case .global(let type) = heap[arguments[6]] else {
        throw MTLError(.badFormat, name, "its element type is missing")
      }
      return try strided(arguments, element: ElementType(torchType: type), name)
    default:
      let kind = ElementType(unsupported: "a tensor without plain memory (\(call.function))", byteCount: nil)
      return try WeightEntry(
        shape: [], element: kind, strides: [], storage: Bytes(copying: [UInt8]()), elementOffset: 0, of: name)
    }
  }

  /// Follows parameters and tensor subclasses to the call that makes the tensor itself.
  private func call(_ reference: PickleReference) -> Call? {
    guard let object = heap.object(reference), let arguments = heap.sequence(object.arguments) else { return nil }
    var call = Call(function: object.constructor, arguments: arguments)
    // One wrapper each for subclass, parameter and variable; more would be a cycle.
    for _ in 0..<4 {
      switch call.function {
      case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
        "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer", "torch.autograd.variable.Variable":
        guard let inner = call.arguments.first.flatMap({ heap.object($0) }),
          let innerArguments = heap.sequence(inner.arguments)
        else { return nil }
        call = Call(function: inner.constructor, arguments: innerArguments)
      case "torch._tensor._rebuild_from_type", "torch._tensor._rebuild_from_type_v2":
        guard call.arguments.count > 2, case .global(let function) = heap[call.arguments[0]],
          let innerArguments = heap.sequence(call.arguments[2])
        else { return nil }
        call = Call(function: function, arguments: innerArguments)
      default:
        let prefix = "torch._utils._rebuild_"
        guard call.function.hasPrefix(prefix) else { return nil }
        return Call(function: "_rebuild_" + call.function.dropFirst(prefix.count), arguments: call.arguments)
      }
    }
    return nil
  }

  /// (storage, offset, sizes, strides, ...), offset and strides in elements.
  private func strided(
    _ arguments: [PickleReference], element: ElementType?, _ name: String
  ) throws(MTLError) -> WeightEntry {
    guard arguments.count >= 4, case .persistent(let identifier) = heap[arguments[0]],
      let storageIdentifier = TorchStorageIdentifier(identifier, in: heap),
      let offset = heap.integer(arguments[1]), let sizes = integers(arguments[2]), let strides = integers(arguments[3])
    else {
      throw MTLError(
        .badFormat, name, expected: "a tensor of a storage, an offset, sizes and strides", found: "something else")
    }
    return try WeightEntry(
      shape: Shape(checking: sizes, of: name), element: element ?? storageIdentifier.element, strides: strides,
      storage: storage(storageIdentifier, name), elementOffset: offset, of: name)
  }

  private func integers(_ reference: PickleReference) -> [Int]? {
    guard let elements = heap.sequence(reference) else { return nil }
    let integers = elements.compactMap { heap.integer($0) }
    return integers.count == elements.count ? integers : nil
  }
}
