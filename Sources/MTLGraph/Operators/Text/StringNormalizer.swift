/// A line of texts without those that are listed, in capital or small letters if that is asked for. Where none is left,
/// one empty text is. Letters change as Unicode says, whatever the locale.
public struct StringNormalizer: GeneralOperator, StandardOperator {
  public static let name = "StringNormalizer"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      StringNormalizer(
        letters: try attributes.choice("case_change_action", default: .none),
        stopWords: try attributes.strings("stopwords") ?? [],
        isCaseSensitive: try attributes.flag("is_case_sensitive"))
    }
  ]
  enum Letters: String, Sendable, CaseIterable {
    case none = "NONE"
    case lower = "LOWER"
    case upper = "UPPER"
  }

  private let letters: Letters
  /// By their bytes: Swift's own equality sees one character in different bytes.
  private let stopWords: Set<[UInt8]>
  private let isCaseSensitive: Bool

  init(letters: Letters, stopWords: [String], isCaseSensitive: Bool) {
    self.letters = letters
    self.isCaseSensitive = isCaseSensitive
    self.stopWords = Set(stopWords.map { Array((isCaseSensitive ? $0 : $0.lowercased()).utf8) })
  }

  public var takesText: Bool { true }

  private func requireLine(_ shape: Shape) throws(MTLError) {
    guard shape.rank == 1 || (shape.rank == 2 && shape[0] == 1) else {
      throw MTLError(.shapeMismatch, "input", expected: "C or 1 x C", found: "\(shape)")
    }
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    try inputs.requireText(0)
    let input = try inputs.required(0)
    if let shape = input.shape { try requireLine(shape) }
    return [Fact(.string, stopWords.isEmpty && input.shape?.elementCount != 0 ? input.shape : nil)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let input = try inputs.required(0)
    try requireLine(input.shape)
    var texts = input.texts.filter { text in
      stopWords.isEmpty || !stopWords.contains(Array((isCaseSensitive ? text : text.lowercased()).utf8))
    }
    switch letters {
    case .none: break
    case .lower: texts = texts.map { $0.lowercased() }
    case .upper: texts = texts.map { $0.uppercased() }
    }
    if texts.isEmpty { texts = [""] }
    return [Tensor(uncheckedTexts: texts, input.shape.rank == 1 ? [texts.count] : [1, texts.count])]
  }
}
