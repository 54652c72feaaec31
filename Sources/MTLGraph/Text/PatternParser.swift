/// Reads a regular expression in RE2's syntax.
struct PatternParser {
  private let scalars: [Unicode.Scalar]
  private var place = 0
  private var depth = 0

  private static let maximumDepth = 64
  /// As in RE2.
  private static let maximumRepetition = 1000

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
  }

  private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  private func wrong(_ problem: String) -> MTLError {
    MTLError(.badFormat, "pattern", "at scalar \(place): \(problem)")
  }

  private func unknown(_ what: String) -> MTLError {
    MTLError(.unsupported, "pattern", "at scalar \(place): \(what) are not read")
  }

  private mutating func take() -> Unicode.Scalar? {
    guard let scalar = next else { return nil }
    place += 1
    return scalar
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == scalar else { return false }
    place += 1
    return true
  }

  mutating func expression() throws(MTLError) -> Pattern.Expression {
    let found = try choices()
    guard next == nil else { throw wrong("unexpected ')'") }
    return found
  }

  private mutating func choices() throws(MTLError) -> Pattern.Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= PatternParser.maximumDepth else {
      throw MTLError(.limit, "pattern", "has groups nested more than \(PatternParser.maximumDepth) deep")
    }
    var choices = [try line()]
    while take("|") { choices.append(try line()) }
    return choices.count == 1 ? choices[0] : .any(choices)
  }

  private mutating func line() throws(MTLError) -> Pattern.Expression {
    var parts: [Pattern.Expression] = []
    while let scalar = next, scalar != "|", scalar != ")" { parts.append(try repeated(try atom())) }
    return .all(parts)
  }

  private mutating func repeated(_ atom: Pattern.Expression) throws(MTLError) -> Pattern.Expression {
    guard let (least, most) = try repetition() else { return atom }
    // Whether few or many are tried first makes no difference to whether the whole text matches.
    _ = take("?")
    let end = place
    guard try repetition() == nil else {
      place = end
      throw wrong("a repetition of a repetition")
    }
    return .times(atom, least, most)
  }

  private mutating func repetition() throws(MTLError) -> (Int, Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard next == "{" else { return nil }
    let start = place
    place += 1
    let least = number()
    let most = take(",") ? number() : least
    let isOpen = least != nil && most == nil
    // What is no repetition is text.
    guard let least, take("}") else {
      place = start
      return nil
    }
    guard least <= PatternParser.maximumRepetition, (most ?? least) <= PatternParser.maximumRepetition,
      (most ?? least) >= least
    else { throw wrong("repetitions are 0 to \(PatternParser.maximumRepetition) and ascend") }
    return (least, isOpen ? nil : most)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let digit = next, ("0"..."9").contains(digit) {
      place += 1
      value = min((value ?? 0) * 10 + Int(digit.value - 48), PatternParser.maximumRepetition + 1)
    }
    return value
  }

  private mutating func atom() throws(MTLError) -> Pattern.Expression {
    guard let scalar = take() else { throw wrong("it ends too early") }
    switch scalar {
    case ".": return .one(Pattern.Class(ranges: [10...10], isNegated: true))
    case "^": return .place(.start)
    case "$": return .place(.end)
    case "[": return .one(try bracket())
    case "(": return try group()
    case "\\": return try escape()
    case "*", "+", "?": throw wrong("nothing to repeat before '\(scalar)'")
    case "{":
      place -= 1
      if try repetition() != nil { throw wrong("nothing to repeat before '{'") }
      place += 1
      return .one(Pattern.Class(scalar))
    default: return .one(Pattern.Class(scalar))
    }
  }

  private mutating func group() throws(MTLError) -> Pattern.Expression {
    if take("?") {
      _ = take("P")
      if take("<") {
        while let scalar = take(), scalar != ">" {}
      } else if !take(":") {
        throw unknown("flags of groups")
      }
    }
    let found = try choices()
    guard take(")") else { throw wrong("a group is not closed") }
    return found
  }

  /// Behind a backslash, outside of brackets.
  private mutating func escape() throws(MTLError) -> Pattern.Expression {
    switch next {
    case "b": place += 1; return .place(.wordEdge)
    case "B": place += 1; return .place(.noWordEdge)
    case "A": place += 1; return .place(.start)
    case "z": place += 1; return .place(.end)
    default: return .one(try escapedClass())
    }
  }

  /// Behind a backslash: a class by its letter, or one scalar.
  private mutating func escapedClass() throws(MTLError) -> Pattern.Class {
    guard let scalar = take() else { throw wrong("a backslash at the end") }
    switch scalar {
    case "d", "D": return Pattern.Class(ranges: Pattern.Class.digit.ranges, isNegated: scalar == "D")
    case "w", "W": return Pattern.Class(ranges: Pattern.Class.word.ranges, isNegated: scalar == "W")
    case "s", "S": return Pattern.Class(ranges: Pattern.Class.space.ranges, isNegated: scalar == "S")
    case "a": return Pattern.Class("\u{07}")
    case "f": return Pattern.Class("\u{0C}")
    case "t": return Pattern.Class("\t")
    case "n": return Pattern.Class("\n")
    case "r": return Pattern.Class("\r")
    case "v": return Pattern.Class("\u{0B}")
    case "x": return Pattern.Class(try hexadecimal())
    case let other where other.value < 128 && !Pattern.Class.word.contains(other) || other == "_":
      return Pattern.Class(other)
    default: throw unknown("escapes such as '\\\(scalar)'")
    }
  }

  private mutating func hexadecimal() throws(MTLError) -> Unicode.Scalar {
    var digits = ""
    if take("{") {
      while let scalar = take(), scalar != "}", digits.utf8.count < 8 { digits.unicodeScalars.append(scalar) }
    } else {
      for _ in 0..<2 { if let scalar = take() { digits.unicodeScalars.append(scalar) } }
    }
    guard let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
      throw wrong("no scalar has the number '\(digits)'")
    }
    return scalar
  }

  /// Behind an opening bracket.
  private mutating func bracket() throws(MTLError) -> Pattern.Class {
    var result = Pattern.Class()
    result.isNegated = take("^")
    var isFirst = true
    while let scalar = next, scalar != "]" || isFirst {
      isFirst = false
      let first = try bracketed()
      guard let low = first.scalar, next == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
        result.ranges += first.positiveRanges
        continue
      }
      place += 1
      guard let high = try bracketed().scalar, low <= high else { throw wrong("a range that does not ascend") }
      result.ranges.append(low...high)
    }
    guard take("]") else { throw wrong("brackets are not closed") }
    return result
  }

  private mutating func bracketed() throws(MTLError) -> Pattern.Class {
    guard let scalar = take() else { throw wrong("brackets are not closed") }
    if scalar == "[", next == ":" { throw unknown("classes by name") }
    return scalar == "\\" ? try escapedClass() : Pattern.Class(scalar)
  }
}

extension Pattern.Class {
  static let digit = Pattern.Class(ranges: [48...57])
  static let word = Pattern.Class(ranges: [48...57, 65...90, 95...95, 97...122])
  /// Tab, line feed, form feed, carriage return, space.
  static let space = Pattern.Class(ranges: [9...10, 12...13, 32...32])

  fileprivate init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

  /// The one scalar of the class; nil where it has more.
  fileprivate var scalar: UInt32? {
    guard !isNegated, ranges.count == 1, ranges[0].count == 1 else { return nil }
    return ranges[0].lowerBound
  }

  /// The ranges without a negation; those of a class are in ascending order.
  fileprivate var positiveRanges: [ClosedRange<UInt32>] {
    guard isNegated else { return ranges }
    var (result, start) = ([ClosedRange<UInt32>](), UInt32(0))
    for range in ranges {
      if start < range.lowerBound { result.append(start...range.lowerBound - 1) }
      start = range.upperBound + 1
    }
    return result + [start...0x10FFFF]
  }
}
