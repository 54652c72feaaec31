import Glibc

/// Attention without a softmax, by a state that each place of the sequence updates and reads (operator set 27).
public struct LinearAttention: GeneralOperator, StandardOperator {
  enum Rule: String, Sendable, CaseIterable {
    case linear, gated, delta
    case gatedDelta = "gated_delta"
    var isGated: Bool { self == .gated || self == .gatedDelta }
    var corrects: Bool { self == .delta || self == .gatedDelta }
  }

  public static let name = "LinearAttention"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in try LinearAttention(attributes) }
  ]
  private let rule: Rule
  private let queryHeads: Int
  private let heads: Int
  private let scale: Float
  public let outputCount: Int

  init(_ attributes: Attributes) throws(MTLError) {
    rule = try attributes.choice("update_rule", default: .gatedDelta)
    guard let queries = try attributes.integer("q_num_heads") else { throw attributes.missing("q_num_heads") }
    guard let keys = try attributes.integer("kv_num_heads") else { throw attributes.missing("kv_num_heads") }
    guard keys > 0, queries > 0, queries % keys == 0 else {
      throw MTLError(.badFormat, "q_num_heads", expected: "a multiple of \(keys)", found: "\(queries)")
    }
    (queryHeads, heads) = (queries, keys)
    scale = try attributes.float("scale", default: 0)
    outputCount = min(max(attributes.outputCount, 1), 2)
  }

  private struct Sizes { let batch, places, depth, valueDepth: Int }

  private func sizes(_ q: Shape, _ k: Shape, _ v: Shape) throws(MTLError) -> Sizes {
    guard q.rank == 3, k.rank == 3, v.rank == 3, q[2] % queryHeads == 0, v[2] % heads == 0,
      k.dimensions == [q[0], q[1], q[2] / queryHeads * heads], v[0] == q[0], v[1] == q[1]
    else {
      throw MTLError(
        .shapeMismatch, "queries, keys, values", expected: "N x T x heads * depth, \(queryHeads) and \(heads) heads",
        found: "\(q), \(k), \(v)")
    }
    return Sizes(batch: q[0], places: q[1], depth: q[2] / queryHeads, valueDepth: v[2] / heads)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (q, k, v) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let stateType = inputs.optional(3)?.type ?? q.type
    for (position, isWanted) in [(4, rule.isGated), (5, rule.corrects)]
    where (inputs.optional(position) != nil) != isWanted {
      throw MTLError(
        .badFormat, position == 4 ? "decay" : "beta",
        expected: "an input \(isWanted ? "" : "left out ")for '\(rule.rawValue)'",
        found: isWanted ? "none" : "one")
    }
    guard let queries = q.shape, let keys = k.shape, let values = v.shape else {
      return [Fact(q.type, nil), Fact(stateType, nil)].prefix(outputCount).map { $0 }
    }
    let sizes = try sizes(queries, keys, values)
    let state: Shape = [sizes.batch, heads, sizes.depth, sizes.valueDepth]
    if let past = inputs.optional(3)?.shape, past != state {
      throw MTLError(.shapeMismatch, "past state", expected: "\(state)", found: "\(past)")
    }
    let output: Shape = [sizes.batch, sizes.places, queryHeads * sizes.valueDepth]
    return [Fact(q.type, output), Fact(stateType, state)].prefix(outputCount).map { $0 }
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (q, k, v) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    let facts = try infer(inputs.map { $0.map { Fact($0) } })
    let sizes = try sizes(q.shape, k.shape, v.shape)
    let (queries, keys, values) = (q.numbers(), k.numbers(), v.numbers())
    let (decay, beta) = (inputs.optional(4), inputs.optional(5))
    let (gates, rates) = (decay?.numbers() ?? [], beta?.numbers() ?? [])
    let (gateWidth, rateWidth) = (decay?.shape.dimensions.last ?? 0, beta?.shape.dimensions.last ?? 0)
    let isWhole = gateWidth == heads * sizes.depth
    guard !rule.isGated || (isWhole || gateWidth == heads) && gates.count == sizes.batch * sizes.places * gateWidth,
      !rule.corrects || (rateWidth == heads || rateWidth == 1) && rates.count == sizes.batch * sizes.places * rateWidth
    else { throw MTLError(.shapeMismatch, "decay or beta", "do not fit \(heads) heads of \(sizes.depth)") }
    var state =
      inputs.optional(3)?.numbers()
      ?? [Float](
        repeating: 0, count: sizes.batch * heads * sizes.depth * sizes.valueDepth)
    var output = [Float](repeating: 0, count: sizes.batch * sizes.places * queryHeads * sizes.valueDepth)
    let factor = scale == 0 ? 1 / Float(sizes.depth).squareRoot() : scale
    let group = queryHeads / heads
    for image in 0..<sizes.batch {
      for place in 0..<sizes.places {
        let row = image * sizes.places + place
        for head in 0..<heads {
          let base = (image * heads + head) * sizes.depth * sizes.valueDepth
          if rule.isGated {
            for d in 0..<sizes.depth {
              let gate = exp(gates[row * gateWidth + (isWhole ? head * sizes.depth + d : head)])
              for e in 0..<sizes.valueDepth { state[base + d * sizes.valueDepth + e] *= gate }
            }
          }
          for e in 0..<sizes.valueDepth {
            var value = values[(row * heads + head) * sizes.valueDepth + e]
            if rule.corrects {
              var known: Float = 0
              for d in 0..<sizes.depth {
                known += state[base + d * sizes.valueDepth + e] * keys[(row * heads + head) * sizes.depth + d]
              }
              value = rates[row * rateWidth + (rateWidth == 1 ? 0 : head)] * (value - known)
            }
            for d in 0..<sizes.depth {
              state[base + d * sizes.valueDepth + e] += keys[(row * heads + head) * sizes.depth + d] * value
            }
          }
          for query in head * group..<(head + 1) * group {
            for e in 0..<sizes.valueDepth {
              var sum: Float = 0
              for d in 0..<sizes.depth {
                sum += queries[(row * queryHeads + query) * sizes.depth + d] * state[base + d * sizes.valueDepth + e]
              }
              output[(row * queryHeads + query) * sizes.valueDepth + e] = factor * sum
            }
          }
        }
      }
    }
    return zip(facts, [output, state]).map { Tensor($1, as: $0.type, shape: $0.shape ?? []) }
  }
}
