/// The last few values of a kind, so that going back and forth between some of them allocates nothing. A plain loop
/// and inlined, because generic code that is not specialised allocates where it searches an array.
public struct RecentList<Element> {
  @usableFromInline var elements: [Element] = []
  @usableFromInline let capacity: Int

  @inlinable public init(capacity: Int = 8) {
    self.capacity = capacity
    elements.reserveCapacity(capacity)
  }

  /// The value that `matches`, or else the one that `make` makes in the place of the oldest.
  @inlinable @inline(__always)
  public mutating func find(where matches: (Element) -> Bool, orMake make: () -> Element) -> Element {
    for index in 0..<elements.count where matches(elements[index]) { return elements[index] }
    if elements.count >= capacity { elements.removeFirst() }
    let element = make()
    elements.append(element)
    return element
  }
}
