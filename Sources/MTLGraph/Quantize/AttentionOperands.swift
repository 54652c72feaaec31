extension Node {
  /// Inputs that are queries, keys or values of an attention that has kernels of bfloat16; none of other nodes.
  var attentionOperands: [ValueID] {
    switch operation {
    case let attention as Attention where !attention.isInverted: inputs
    case is WindowAttention: Array(inputs.prefix(1))
    default: []
    }
  }
}

extension Graph {
  /// The values that attentions read: as a whole those of which they read slices, so that rounding comes before slicing and
  /// a kernel that makes all of such a value can round it.
  func valuesOfAttention() -> Set<ValueID> {
    let producers = producers()
    var values: Set<ValueID> = []
    for value in nodes.flatMap(\.attentionOperands) {
      var value = value
      while let producer = producers[value], nodes[producer].operation is Slice { value = nodes[producer].inputs[0] }
      values.insert(value)
    }
    return values
  }

  /// Attentions of which all operands are bfloat16, and all that are there.
  package func countOfAttentions() -> (bfloat16: Int, all: Int) {
    var rounded: Set<ValueID> = []
    var count = (bfloat16: 0, all: 0)
    for node in nodes {
      if node.keepsBFloat16(among: rounded) { rounded.formUnion(node.outputs) }
      guard node.operation is Attention || node.operation is WindowAttention else { continue }
      count.all += 1
      let operands = node.attentionOperands
      if !operands.isEmpty, operands.allSatisfy(rounded.contains) { count.bfloat16 += 1 }
    }
    return count
  }
}

extension Node {
  /// Whether it makes numbers of bfloat16, or picks of such ones.
  func keepsBFloat16(among rounded: Set<ValueID>) -> Bool {
    operation is RoundToBFloat16 || operation is Slice && rounded.contains(inputs[0])
  }
}
