/// A regular expression in RE2's syntax, without its flags, its names of Unicode classes and its quotations, which are
/// refused. Matching follows all ways at once, so that its time grows with the text and the expression and never beyond.
struct Pattern: Sendable {
  /// Unicode scalars, as ranges, or all others. A line feed may be left out.
  struct Class: Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
      ranges.contains { $0.contains(scalar.value) } != isNegated
    }
  }

  /// What holds between two scalars.
  enum Place: Sendable {
    case start, end, wordEdge, noWordEdge
  }

  indirect enum Expression: Sendable {
    case one(Class)
    case place(Place)
    case all([Expression])
    case any([Expression])
    /// At least and at most so many times; nil is any number.
    case times(Expression, Int, Int?)
  }

  fileprivate enum Step: Sendable {
    case one(Class)
    case place(Place)
    case fork(Int, Int)
    case jump(Int)
    case found
  }

  private let steps: [Step]

  /// Steps looked at for all texts together.
  static let maximumWork = 1 << 34

  /// What matching a scalar costs at most.
  let cost: Int

  init(_ text: String) throws(MTLError) {
    var parser = PatternParser(text)
    var writer = PatternWriter()
    try writer.add(try parser.expression())
    try writer.add(.found)
    steps = writer.steps
    cost = steps.reduce(0) { sum, step in
      if case .one(let some) = step { sum + 1 + some.ranges.count } else { sum + 1 }
    }
  }
}

/// Writes an expression out as steps.
private struct PatternWriter {
  private(set) var steps: [Pattern.Step] = []
  /// Empty expressions take no steps, and may still be repeated beyond all bounds.
  private var expressionCount = 0

  /// Numbers of repetitions are written out.
  private static let maximumStepCount = 1 << 14

  mutating func add(_ step: Pattern.Step) throws(MTLError) {
    try check(steps.count)
    steps.append(step)
  }

  private func check(_ count: Int) throws(MTLError) {
    guard count < PatternWriter.maximumStepCount else {
      throw MTLError(.limit, "pattern", "is longer than \(PatternWriter.maximumStepCount) steps with its repetitions")
    }
  }

  mutating func add(_ expression: Pattern.Expression) throws(MTLError) {
    try check(expressionCount)
    expressionCount += 1
    switch expression {
    case .one(let some): try add(Pattern.Step.one(some))
    case .place(let place): try add(Pattern.Step.place(place))
    case .all(let parts): for part in parts { try add(part) }
    case .any(let choices): try add(choices: choices)
    case .times(let part, let least, let most):
      for _ in 0..<least { try add(part) }
      guard let most else {
        let fork = steps.count
        try add(.jump(0))
        try add(part)
        try add(.jump(fork))
        steps[fork] = .fork(fork + 1, steps.count)
        return
      }
      for _ in least..<max(most, least) {
        let fork = steps.count
        try add(.jump(0))
        try add(part)
        steps[fork] = .fork(fork + 1, steps.count)
      }
    }
  }

  private mutating func add(choices: [Pattern.Expression]) throws(MTLError) {
    var ends: [Int] = []
    for choice in choices.dropLast() {
      let fork = steps.count
      try add(.jump(0))
      try add(choice)
      ends.append(steps.count)
      try add(.jump(0))
      steps[fork] = .fork(fork + 1, steps.count)
    }
    if let last = choices.last { try add(last) }
    for end in ends { steps[end] = .jump(steps.count) }
  }
}

// MARK: - Matching

extension Pattern {
  /// Whether the whole text matches.
  func matches(_ text: String) -> Bool {
    var states = States(count: steps.count)
    var next = states
    var ahead = text.unicodeScalars.makeIterator()
    var current = ahead.next()
    follow(0, nil, current, &states)
    while let scalar = current {
      current = ahead.next()
      next.clear()
      for state in states.list {
        if case .one(let some) = steps[state], some.contains(scalar) { follow(state + 1, scalar, current, &next) }
      }
      swap(&states, &next)
      if states.list.isEmpty { return false }
    }
    return states.list.contains { if case .found = steps[$0] { true } else { false } }
  }

  /// Steps that a text has come to, each once.
  private struct States {
    private(set) var list: [Int] = []
    private var mark: [Int]
    private var generation = 1

    init(count: Int) { mark = [Int](repeating: 0, count: count) }

    mutating func insert(_ state: Int) -> Bool {
      guard mark[state] != generation else { return false }
      mark[state] = generation
      list.append(state)
      return true
    }

    mutating func clear() {
      list.removeAll(keepingCapacity: true)
      generation += 1
    }
  }

  /// Adds a step and all that follow it without a scalar.
  private func follow(
    _ first: Int, _ before: Unicode.Scalar?, _ ahead: Unicode.Scalar?, _ states: inout States
  ) {
    var pending = [first]
    while let state = pending.popLast() {
      guard states.insert(state) else { continue }
      switch steps[state] {
      case .jump(let target): pending.append(target)
      case .fork(let left, let right): pending += [left, right]
      case .place(let place): if place.holds(before, ahead) { pending.append(state + 1) }
      case .one, .found: break
      }
    }
  }
}

extension Pattern.Place {
  fileprivate func holds(_ before: Unicode.Scalar?, _ ahead: Unicode.Scalar?) -> Bool {
    let isEdge = (before?.isWord ?? false) != (ahead?.isWord ?? false)
    return switch self {
    case .start: before == nil
    case .end: ahead == nil
    case .wordEdge: isEdge
    case .noWordEdge: !isEdge
    }
  }
}

extension Unicode.Scalar {
  /// Letters, digits and lines of ASCII, as RE2 has it.
  fileprivate var isWord: Bool { Pattern.Class.word.contains(self) }
}
