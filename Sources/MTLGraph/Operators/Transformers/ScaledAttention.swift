import Glibc

/// Attention of heads over keys and values, as operator set 23 defines it: optional mask, cache of past keys and values,
/// soft cap, causal order and window. 3-D inputs have their heads side by side in the last axis.
///
/// Numbers are rounded to the input's type after each of the steps that the standard's own definition is made of.
public struct ScaledAttention: GeneralOperator, StandardOperator {
  public static let name = "Attention"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in try ScaledAttention(attributes) }
  ]
  private let scale: Float?
  private let isCausal: Bool
  private let heads: (queries: Int, keys: Int)?
  private let softCap: Float
  private let scoreOutput: Int
  private let softmaxType: DataType?
  private let window: (left: Int, right: Int)
  public let outputCount: Int

  init(_ attributes: Attributes) throws(MTLError) {
    scale = try attributes.float("scale")
    isCausal = try attributes.flag("is_causal")
    if let queries = try attributes.integer("q_num_heads"), let keys = try attributes.integer("kv_num_heads") {
      heads = (queries, keys)
    } else {
      heads = nil
    }
    softCap = try attributes.float("softcap", default: 0)
    scoreOutput = try attributes.integer("qk_matmul_output_mode", default: 0)
    softmaxType = try attributes.integer("softmax_precision").flatMap { DataType(standardCode: $0) }
    window = (
      try attributes.integer("left_window_size", default: -1), try attributes.integer("right_window_size", default: -1)
    )
    outputCount = min(max(attributes.outputCount, 1), 4)
  }

  /// What the inputs are like once heads have an axis of their own.
  private struct Sizes {
    let batch, queryHeads, keyHeads, queries, newKeys, keys, depth, valueDepth: Int
    let isPacked: Bool
  }

  private func sizes(_ q: Shape, _ k: Shape, _ v: Shape, past: Shape?, pastValues: Shape?) throws(MTLError) -> Sizes {
    func wrong(_ expected: String) -> MTLError {
      MTLError(.shapeMismatch, "queries, keys, values", expected: expected, found: "\(q), \(k), \(v)")
    }
    guard q.rank == k.rank, q.rank == v.rank, q.rank == 3 || q.rank == 4, q[0] == k[0], q[0] == v[0] else {
      throw wrong("three inputs of rank 3 or 4 and one batch")
    }
    var (queryHeads, keyHeads, depth, valueDepth) = (0, 0, 0, 0)
    if q.rank == 4 {
      (queryHeads, keyHeads, depth, valueDepth) = (q[1], k[1], q[3], v[3])
      guard k[3] == depth, v[1] == keyHeads else { throw wrong("keys as deep as queries and as many heads of values") }
    } else {
      guard let heads, heads.queries > 0, heads.keys > 0, q[2] % heads.queries == 0, k[2] % heads.keys == 0,
        v[2] % heads.keys == 0, q[2] / heads.queries == k[2] / heads.keys
      else { throw wrong("numbers of heads that divide the last axes") }
      (queryHeads, keyHeads) = heads
      (depth, valueDepth) = (q[2] / queryHeads, v[2] / keyHeads)
    }
    let axis = q.rank - 2
    guard k[axis] == v[axis], keyHeads > 0, queryHeads % keyHeads == 0 else {
      throw wrong("as many values as keys, and query heads that are a multiple of key heads")
    }
    if let past {
      guard past.rank == 4, past[0] == q[0], past[1] == keyHeads, past[3] == depth else {
        throw MTLError(.shapeMismatch, "past keys", expected: "\(q[0])x\(keyHeads)xNx\(depth)", found: "\(past)")
      }
    }
    let values = past.map { [$0[0], $0[1], $0[2], valueDepth] as Shape }
    guard values == pastValues else {
      throw MTLError(
        .shapeMismatch, "past values", expected: values.map { "\($0)" } ?? "none",
        found: pastValues.map { "\($0)" } ?? "none")
    }
    return Sizes(
      batch: q[0], queryHeads: queryHeads, keyHeads: keyHeads, queries: q[axis], newKeys: k[axis],
      keys: k[axis] + (past?[2] ?? 0), depth: depth, valueDepth: valueDepth, isPacked: q.rank == 3)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (q, k, v) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let types = [q.type, k.type, v.type, q.type]
    guard let queries = q.shape, let keys = k.shape, let values = v.shape,
      [4, 5].allSatisfy({ inputs.optional($0) == nil || inputs.optional($0)?.shape != nil })
    else { return types.prefix(outputCount).map { Fact($0, nil) } }
    let sizes = try sizes(queries, keys, values, past: inputs.optional(4)?.shape, pastValues: inputs.optional(5)?.shape)
    let output: Shape =
      sizes.isPacked
      ? [sizes.batch, sizes.queries, sizes.queryHeads * sizes.valueDepth]
      : [sizes.batch, sizes.queryHeads, sizes.queries, sizes.valueDepth]
    let shapes: [Shape] = [
      output, [sizes.batch, sizes.keyHeads, sizes.keys, sizes.depth],
      [sizes.batch, sizes.keyHeads, sizes.keys, sizes.valueDepth],
      [sizes.batch, sizes.queryHeads, sizes.queries, sizes.keys],
    ]
    return zip(types, shapes).prefix(outputCount).map { Fact($0, $1) }
  }

  public func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
    outputs[0].elementCount.saturatingProduct(2 * (inputs[1].dimensions.dropLast().last ?? 1))
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (q, k, v) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let past = inputs.optional(4)
    let sizes = try sizes(q.shape, k.shape, v.shape, past: past?.shape, pastValues: inputs.optional(5)?.shape)
    let queries = split(q, heads: sizes.queryHeads, rows: sizes.queries, depth: sizes.depth, sizes)
    let keys = joined(
      past, split(k, heads: sizes.keyHeads, rows: sizes.newKeys, depth: sizes.depth, sizes), sizes, depth: sizes.depth)
    let values = joined(
      inputs.optional(5), split(v, heads: sizes.keyHeads, rows: sizes.newKeys, depth: sizes.valueDepth, sizes), sizes,
      depth: sizes.valueDepth)
    let bias = try bias(inputs, sizes, q.type)
    var output = [Float](repeating: 0, count: sizes.batch * sizes.queryHeads * sizes.queries * sizes.valueDepth)
    var scores = [Float](
      repeating: 0, count: outputCount > 3 ? sizes.batch * sizes.queryHeads * sizes.queries * sizes.keys : 0)
    let rounding = Rounding(q.type)
    let factor = rounding.round((scale ?? 1 / Float(sizes.depth).squareRoot()).squareRoot())
    let scaledQueries = queries.map { rounding.round($0 * factor) }
    let scaledKeys = keys.map { rounding.round($0 * factor) }
    for head in 0..<sizes.batch * sizes.queryHeads {
      let (image, index) = head.quotientAndRemainder(dividingBy: sizes.queryHeads)
      let keyHead = image * sizes.keyHeads + index / (sizes.queryHeads / sizes.keyHeads)
      for query in 0..<sizes.queries {
        let row = head * sizes.queries + query
        var line = (0..<sizes.keys).map { key -> Float in
          var sum: Float = 0
          for d in 0..<sizes.depth {
            sum +=
              scaledQueries[row * sizes.depth + d] * scaledKeys[(keyHead * sizes.keys + key) * sizes.depth + d]
          }
          return rounding.round(sum)
        }
        let biases = (0..<sizes.keys).map { bias[row * sizes.keys + $0] }
        let shown = soften(&line, biases, rounding)
        if outputCount > 3 { scores.replaceSubrange(row * sizes.keys..<(row + 1) * sizes.keys, with: shown) }
        for d in 0..<sizes.valueDepth {
          var sum: Float = 0
          for key in 0..<sizes.keys { sum += line[key] * values[(keyHead * sizes.keys + key) * sizes.valueDepth + d] }
          let place =
            sizes.isPacked
            ? ((image * sizes.queries + query) * sizes.queryHeads + index) * sizes.valueDepth + d
            : row * sizes.valueDepth + d
          output[place] = sum
        }
      }
    }
    let facts = try infer(inputs.map { $0.map { Fact($0) } })
    let results = [output, keys, values, scores]
    return zip(facts, results).map { Tensor($1, as: $0.type, shape: $0.shape ?? []) }
  }

  /// From scores to probabilities in place; returns what the fourth output shows.
  private func soften(_ line: inout [Float], _ bias: [Float], _ rounding: Rounding) -> [Float] {
    var shown = line
    if softCap > 0 { line = line.map { rounding.round(rounding.round(tanh(rounding.round($0 / softCap))) * softCap) } }
    if scoreOutput == 1 { shown = line }
    line = zip(line, bias).map { rounding.round($0 + $1) }
    if scoreOutput == 2 { shown = line }
    let inner = Rounding(softmaxType ?? rounding.type)
    let largest = line.reduce(-.infinity) { $0.isNaN || $0 > $1 ? $0 : $1 }
    if bias.allSatisfy({ $0 == -.infinity }) || largest == -.infinity {
      line = line.map { _ in 0 }
    } else {
      let powers = line.map { inner.round(exp(inner.round($0 - largest))) }
      let sum = inner.round(powers.reduce(0, +))
      line = powers.map { rounding.round(inner.round($0 / sum)) }
    }
    return scoreOutput == 3 ? line : shown
  }

  /// Rows by image, head and place.
  private func split(_ tensor: Tensor, heads: Int, rows: Int, depth: Int, _ sizes: Sizes) -> [Float] {
    let values = tensor.numbers()
    guard sizes.isPacked else { return values }
    return values.indices.map { index in
      let (rest, d) = index.quotientAndRemainder(dividingBy: depth)
      let (upper, row) = rest.quotientAndRemainder(dividingBy: rows)
      let (image, head) = upper.quotientAndRemainder(dividingBy: heads)
      return values[((image * rows + row) * heads + head) * depth + d]
    }
  }

  /// The cache of the past before what is new, head by head.
  private func joined(_ past: Tensor?, _ new: [Float], _ sizes: Sizes, depth: Int) -> [Float] {
    guard let past else { return new }
    let old = past.numbers()
    let (before, behind) = ((sizes.keys - sizes.newKeys) * depth, sizes.newKeys * depth)
    var all: [Float] = []
    for head in 0..<sizes.batch * sizes.keyHeads {
      all += old[head * before..<(head + 1) * before]
      all += new[head * behind..<(head + 1) * behind]
    }
    return all
  }

  /// What is added to each score: the mask, and minus infinity where causal order, window or padding forbid it.
  private func bias(_ inputs: [Tensor?], _ sizes: Sizes, _ type: DataType) throws(MTLError) -> [Float] {
    let shape: Shape = [sizes.batch, sizes.queryHeads, sizes.queries, sizes.keys]
    var bias = [Float](repeating: 0, count: shape.elementCount)
    if let mask = inputs.optional(3) {
      let columns = mask.shape.dimensions.last ?? 1
      guard Shape.broadcast(Shape(mask.shape.dimensions.dropLast() + [columns == 1 ? 1 : sizes.keys]), shape) == shape,
        columns == 1 || columns <= sizes.keys
      else { throw MTLError(.shapeMismatch, "mask", expected: "\(shape)", found: "\(mask.shape)") }
      let values = mask.numbers()
      let places = mask.shape.places(in: Shape(shape.dimensions.dropLast() + [columns]))
      for index in bias.indices {
        let (row, key) = index.quotientAndRemainder(dividingBy: sizes.keys)
        // A mask of fewer keys forbids the others.
        guard key < columns || columns == 1 && sizes.keys == 1 else {
          bias[index] = -.infinity
          continue
        }
        let value = values[places.offset(row * columns + min(key, columns - 1))]
        bias[index] = mask.type == .bool ? (value == 0 ? -.infinity : 0) : value
      }
    }
    let lengths = inputs.optional(6)?.integers()
    if let lengths, lengths.count != sizes.batch {
      throw MTLError(.shapeMismatch, "lengths", expected: "\(sizes.batch)", found: "\(lengths.count)")
    }
    for index in bias.indices {
      let (row, key) = index.quotientAndRemainder(dividingBy: sizes.keys)
      let (image, query) = (row / sizes.queries / sizes.queryHeads, row % sizes.queries)
      let offset =
        inputs.optional(4) != nil ? sizes.keys - sizes.newKeys : lengths.map { $0[image] - sizes.queries } ?? 0
      let distance = query + offset - key
      let isForbidden =
        (isCausal && distance < 0) || (window.left >= 0 && distance > window.left)
        || (window.right >= 0 && -distance > window.right) || lengths.map { key >= $0[image] } ?? false
      if isForbidden { bias[index] = -.infinity }
    }
    return bias
  }
}

/// Rounds float32 to another type and back.
struct Rounding {
  let type: DataType

  init(_ type: DataType) { self.type = type }

  func round(_ value: Float) -> Float {
    switch type {
    case .float16: Float(Float16(value))
    case .bfloat16: Tensor([value], as: .bfloat16, shape: [1]).numbers()[0]
    default: value
    }
  }
}
