/// Cuts texts into parts at a delimiter, or at runs of white space where none is given. The parts of each text lie along
/// a new last axis, filled up with empty texts; the second output says how many parts there are.
public struct StringSplit: GeneralOperator, StandardOperator {
  public static let name = "StringSplit"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      let delimiter = try attributes.string("delimiter", default: "")
      guard delimiter.utf8.count <= maximumDelimiterByteCount else {
        throw MTLError(
          .limit, "delimiter", expected: "at most \(maximumDelimiterByteCount) bytes", found: "\(delimiter.utf8.count)")
      }
      let limit = try attributes.integer("maxsplit") ?? .max
      return StringSplit(delimiter: delimiter, limit: limit < 0 ? .max : limit)
    }
  ]
  /// Each place of a text is compared with it.
  private static let maximumDelimiterByteCount = 256
  /// Texts of the output, most of which may be empty.
  private static let maximumCount = 1 << 24

  private let delimiter: [UInt8]
  /// Cuts of one text at most.
  private let limit: Int

  public init(delimiter: String = "", limit: Int = .max) {
    self.delimiter = Array(delimiter.utf8)
    self.limit = limit
  }

  public var takesText: Bool { true }
  public var outputCount: Int { 2 }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inputs.requireText(0)
    return [Fact(.string, nil), Fact(.int64, try inputs.required(0).shape)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    let parts = input.texts.map { delimiter.isEmpty ? words($0) : pieces($0) }
    let width = parts.reduce(0) { max($0, $1.count) }
    let count = parts.count.saturatingProduct(width)
    guard count <= StringSplit.maximumCount else {
      throw MTLError(.limit, "output", expected: "at most \(StringSplit.maximumCount) texts", found: "\(count)")
    }
    let shape = try Shape(checking: input.shape.dimensions + [width], of: "output")
    let filled = parts.flatMap { $0 + [String](repeating: "", count: width - $0.count) }
    return [Tensor(uncheckedTexts: filled, shape), Tensor(parts.map(\.count), as: .int64, shape: input.shape)]
  }

  private func pieces(_ text: String) -> [String] {
    let bytes = Array(text.utf8)
    var pieces: [String] = []
    var (start, place) = (0, 0)
    while pieces.count < limit, place <= bytes.count - delimiter.count {
      guard bytes[place..<place + delimiter.count].elementsEqual(delimiter) else {
        place += 1
        continue
      }
      pieces.append(String(decoding: bytes[start..<place], as: UTF8.self))
      place += delimiter.count
      start = place
    }
    return pieces + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  private func words(_ text: String) -> [String] {
    let scalars = text.unicodeScalars
    var words: [String] = []
    var place = scalars.startIndex
    func skip(_ place: inout String.Index, while isSpace: Bool) {
      while place < scalars.endIndex, scalars[place].properties.isWhitespace == isSpace {
        place = scalars.index(after: place)
      }
    }
    skip(&place, while: true)
    while place < scalars.endIndex {
      guard words.count < limit else { return words + [String(scalars[place...])] }
      let start = place
      skip(&place, while: false)
      words.append(String(scalars[start..<place]))
      skip(&place, while: true)
    }
    return words
  }
}
