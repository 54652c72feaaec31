/// Something for each of the values of a graph, or for some of them.
///
/// A graph numbers its values from 0 on, so that a place in an array finds what a dictionary would hash for: opening and
/// planning look values up all the time. Pairs come in the order of the numbers, the same in every process.
public struct ValueMap<Content> {
  @usableFromInline var contents: [Content?] = []

  public init() {}

  /// - Parameter valueCount: how many values the graph has or will have; more may come.
  public init(valueCount: Int) { reserveCapacity(valueCount) }

  public mutating func reserveCapacity(_ valueCount: Int) { contents.reserveCapacity(valueCount) }

  /// nil for values that have nothing, and for `.absent`.
  @inlinable public subscript(value: ValueID) -> Content? {
    get { contents.indices.contains(value.index) ? contents[value.index] : nil }
    set {
      if contents.indices.contains(value.index) {
        contents[value.index] = newValue
      } else if let newValue, value.index >= 0 {
        contents.append(contentsOf: repeatElement(nil, count: value.index - contents.count))
        contents.append(newValue)
      }
    }
  }

  /// What a value has, or `initial`.
  @inlinable public subscript(value: ValueID, default initial: @autoclosure () -> Content) -> Content {
    get { self[value] ?? initial() }
    _modify {
      var element = take(value) ?? initial()
      defer { self[value] = element }
      yield &element
    }
  }

  /// Takes out what a value has, so that changing it copies nothing.
  @usableFromInline mutating func take(_ value: ValueID) -> Content? {
    guard contents.indices.contains(value.index) else { return nil }
    defer { contents[value.index] = nil }
    return contents[value.index]
  }

  /// Whether no value has anything.
  public var isEmpty: Bool { contents.allSatisfy { $0 == nil } }

  /// How many values have something.
  public var count: Int { contents.count { $0 != nil } }

  /// The values that have something.
  public var keys: [ValueID] { map(\.key) }

  public var values: [Content] { contents.compactMap { $0 } }

  public func mapValues<Result>(_ transform: (Content) -> Result) -> ValueMap<Result> {
    var result = ValueMap<Result>()
    result.contents = contents.map { $0.map(transform) }
    return result
  }

  /// The pairs of which `isKept` holds.
  public func filter(_ isKept: ((key: ValueID, value: Content)) -> Bool) -> ValueMap {
    var result = self
    for pair in self where !isKept(pair) { result[pair.key] = nil }
    return result
  }
}

extension ValueMap: Sendable where Content: Sendable {}

extension ValueMap: Equatable where Content: Equatable {
  public static func == (left: ValueMap, right: ValueMap) -> Bool { left.elementsEqual(right) { $0 == $1 } }
}

extension ValueMap: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral pairs: (ValueID, Content)...) {
    for (value, element) in pairs { self[value] = element }
  }
}

extension ValueMap: Sequence {
  public struct Iterator: IteratorProtocol {
    @usableFromInline let contents: [Content?]
    @usableFromInline var index = 0

    @usableFromInline init(_ contents: [Content?]) { self.contents = contents }

    @inlinable public mutating func next() -> (key: ValueID, value: Content)? {
      while index < contents.count {
        defer { index += 1 }
        if let element = contents[index] { return (ValueID(index: index), element) }
      }
      return nil
    }
  }

  @inlinable public func makeIterator() -> Iterator { Iterator(contents) }
}
