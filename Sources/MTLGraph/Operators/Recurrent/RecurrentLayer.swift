import Glibc

/// What the recurrent operators share: sequences x of T x N x I, weights for one or two directions, initial states, lengths
/// of their own, activations and clipping.
struct RecurrentLayer: Sendable {
  enum Direction: String, Sendable, CaseIterable { case forward, reverse, bidirectional }

  let hidden: Int
  let direction: Direction
  let clip: Double?
  let isBatchFirst: Bool
  private let activations: [Activation]
  /// Activations of one direction.
  private let perDirection: Int

  struct Activation: Sendable {
    let name: String
    let alpha: Double
    let beta: Double

    func callAsFunction(_ x: Double) -> Double {
      switch name {
      case "sigmoid": 1 / (1 + exp(-x))
      case "tanh": tanh(x)
      case "relu": max(x, 0)
      case "affine": alpha * x + beta
      case "leakyrelu": x >= 0 ? x : alpha * x
      case "thresholdedrelu": x > alpha ? x : 0
      case "scaledtanh": alpha * tanh(beta * x)
      case "hardsigmoid": min(max(alpha * x + beta, 0), 1)
      case "elu": x >= 0 ? x : alpha * (exp(x) - 1)
      case "softsign": x / (1 + abs(x))
      default: log(1 + exp(x))
      }
    }

    /// Names in lower case with their usual parameters.
    static let standards: [String: (alpha: Double, beta: Double)] = [
      "sigmoid": (0, 0), "tanh": (0, 0), "relu": (0, 0), "affine": (1, 0), "leakyrelu": (0.01, 0),
      "thresholdedrelu": (1, 0), "scaledtanh": (1, 1), "hardsigmoid": (0.2, 0.5), "elu": (1, 0), "softsign": (0, 0),
      "softplus": (0, 0),
    ]
  }

  /// - Parameter standards: activations of one direction, where the node names none.
  init(_ attributes: Attributes, standards: [String]) throws(MTLError) {
    guard let hidden = try attributes.integer("hidden_size"), (1...1 << 20).contains(hidden) else {
      throw attributes.missing("hidden_size")
    }
    self.hidden = hidden
    direction = try attributes.choice("direction", default: .forward)
    clip = try attributes.float("clip").map { Double($0) }
    isBatchFirst = try attributes.flag("layout")
    perDirection = standards.count
    let count = standards.count * (direction == .bidirectional ? 2 : 1)
    let names =
      try attributes.strings("activations") ?? (direction == .bidirectional ? standards + standards : standards)
    guard names.count == count else {
      throw MTLError(.badFormat, "activations", expected: "\(count)", found: "\(names.count)")
    }
    let (alphas, betas) = (
      try attributes.floats("activation_alpha") ?? [], try attributes.floats("activation_beta") ?? []
    )
    var found: [Activation] = []
    for (index, name) in names.enumerated() {
      let lower = String(decoding: name.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
      guard let standard = Activation.standards[lower] else {
        throw MTLError(.unsupported, "activations", "'\(name)' is no known activation")
      }
      found.append(
        Activation(
          name: lower, alpha: index < alphas.count ? Double(alphas[index]) : standard.alpha,
          beta: index < betas.count ? Double(betas[index]) : standard.beta))
    }
    activations = found
  }

  func activation(_ direction: Int, _ index: Int) -> Activation { activations[direction * perDirection + index] }
  func clipped(_ value: Double) -> Double { clip.map { min(max(value, -$0), $0) } ?? value }
  var directions: Int { direction == .bidirectional ? 2 : 1 }

  struct Sizes { let steps, batch, inputs: Int }

  func sizes(_ x: Shape, _ w: Shape, _ r: Shape, gates: Int) throws(MTLError) -> Sizes {
    guard x.rank == 3 else { throw MTLError(.shapeMismatch, "input", expected: "3 dimensions", found: "\(x)") }
    let sizes =
      isBatchFirst ? Sizes(steps: x[1], batch: x[0], inputs: x[2]) : Sizes(steps: x[0], batch: x[1], inputs: x[2])
    guard w == [directions, gates * hidden, sizes.inputs], r == [directions, gates * hidden, hidden] else {
      throw MTLError(
        .shapeMismatch, "weights",
        expected: "\(directions)x\(gates * hidden)x\(sizes.inputs) and \(directions)x\(gates * hidden)x\(hidden)",
        found: "\(w) and \(r)")
    }
    return sizes
  }

  /// Shapes of all states and of the last one.
  func outputs(_ sizes: Sizes) -> (all: Shape, last: Shape) {
    isBatchFirst
      ? ([sizes.batch, sizes.steps, directions, hidden], [sizes.batch, directions, hidden])
      : ([sizes.steps, directions, sizes.batch, hidden], [directions, sizes.batch, hidden])
  }

  /// Runs all steps of all directions. `step` turns the input's products and the state into the next state.
  ///
  /// - Parameters:
  ///   - states: initial ones, by direction, image and unit; each has as many numbers as `step` keeps.
  ///   - step: direction, image, the step's input, and the state, which it changes.
  func run(
    _ x: [Double], _ sizes: Sizes, lengths: [Int]?, states: [[Double]], _ step: (Int, [Double], inout [Double]) -> Void
  ) -> (all: [Double], last: [[Double]]) {
    var all = [Double](repeating: 0, count: sizes.steps * directions * sizes.batch * hidden)
    var last = states
    for way in 0..<directions {
      let isReverse = direction == .reverse || way == 1
      for image in 0..<sizes.batch {
        let length = min(lengths?[image] ?? sizes.steps, sizes.steps)
        var state = states[way * sizes.batch + image]
        for count in 0..<max(length, 0) {
          let time = isReverse ? length - 1 - count : count
          let row = isBatchFirst ? image * sizes.steps + time : time * sizes.batch + image
          step(way, Array(x[row * sizes.inputs..<(row + 1) * sizes.inputs]), &state)
          let target =
            isBatchFirst
            ? ((image * sizes.steps + time) * directions + way) * hidden
            : ((time * directions + way) * sizes.batch + image) * hidden
          all.replaceSubrange(target..<target + hidden, with: state[..<hidden])
        }
        last[way * sizes.batch + image] = state
      }
    }
    return (all, last)
  }

  /// An initial state for each direction and image; zeros where there is none.
  func initial(_ tensor: Tensor?, _ sizes: Sizes) throws(MTLError) -> [[Double]] {
    let count = directions * sizes.batch
    guard let tensor else { return [[Double]](repeating: [Double](repeating: 0, count: hidden), count: count) }
    guard tensor.shape == outputs(sizes).last else {
      throw MTLError(.shapeMismatch, "initial state", expected: "\(outputs(sizes).last)", found: "\(tensor.shape)")
    }
    let values = tensor.doubles()
    return (0..<count).map { index in
      let (way, image) = index.quotientAndRemainder(dividingBy: sizes.batch)
      let start = (isBatchFirst ? image * directions + way : index) * hidden
      return Array(values[start..<start + hidden])
    }
  }

  /// Units of the last states, in the order of the output.
  func ordered(_ states: [[Double]], _ sizes: Sizes, from first: Int = 0) -> [Double] {
    let units = { (index: Int) in states[index][first..<first + hidden] }
    guard isBatchFirst else { return states.indices.flatMap { units($0) } }
    return (0..<sizes.batch).flatMap { image in (0..<directions).flatMap { units($0 * sizes.batch + image) } }
  }

  func lengths(_ tensor: Tensor?, _ sizes: Sizes) throws(MTLError) -> [Int]? {
    guard let values = tensor?.integers() else { return nil }
    guard values.count == sizes.batch, values.allSatisfy({ (0...sizes.steps).contains($0) }) else {
      throw MTLError(
        .shapeMismatch, "sequence_lens", expected: "\(sizes.batch) of 0 to \(sizes.steps)", found: "\(values)")
    }
    return values
  }
}

/// Rows of a weight matrix for each direction, to be multiplied with vectors.
struct GateWeights {
  private let values: [Double]
  private let rows: Int
  private let columns: Int

  /// - Parameter tensor: directions x rows x columns.
  init(_ tensor: Tensor) {
    values = tensor.doubles()
    (rows, columns) = (tensor.shape[1], tensor.shape[2])
  }

  func product(_ way: Int, _ row: Int, _ vector: some RandomAccessCollection<Double>) -> Double {
    let start = (way * rows + row) * columns
    return zip(values[start..<start + columns], vector).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

/// The biases of input and state; zeros where there are none.
struct GateBiases {
  private let values: [Double]?
  private let count: Int

  init(_ tensor: Tensor?, gates: Int, layer: RecurrentLayer) throws(MTLError) {
    count = gates * layer.hidden
    if let tensor, tensor.shape != [layer.directions, 2 * count] {
      throw MTLError(.shapeMismatch, "bias", expected: "\(layer.directions)x\(2 * count)", found: "\(tensor.shape)")
    }
    values = tensor?.doubles()
  }

  func input(_ way: Int, _ row: Int) -> Double { values?[way * 2 * count + row] ?? 0 }
  func state(_ way: Int, _ row: Int) -> Double { values?[way * 2 * count + count + row] ?? 0 }
}
