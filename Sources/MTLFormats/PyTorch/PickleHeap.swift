import MTLGraph

/// A value of an unpickled object graph, by its place in a `PickleHeap`.
typealias PickleReference = Int32

/// A value as a pickle describes it. Classes and calls stay descriptions: nothing is ever executed.
enum PickleValue {
  case none
  case bool(Bool)
  case integer(Int64)
  /// An integer of more than 64 bits: two's complement, little-endian.
  case wideInteger(Bytes)
  case number(Double)
  case text(String)
  case data(Bytes)
  case tuple([PickleReference])
  case list(PickleElements)
  case set(PickleElements)
  /// dict, OrderedDict and defaultdict: keys and values in turn, in the order they were set; a later key replaces an
  /// earlier one.
  case dictionary(PickleElements)
  /// A class or function by its full name, "module.name".
  case global(String)
  /// An object outside the pickle, by the identifier that the pickle gives for it; PyTorch's storages.
  case persistent(PickleReference)
  case object(PickleObject)
}

/// The elements of a container that grows. A reference, because appending one by one to an array inside an enumeration
/// would copy it every time.
final class PickleElements {
  fileprivate(set) var references: [PickleReference]

  init(_ references: [PickleReference]) {
    self.references = references
  }
}

/// An instance of a class, or what a function would have returned.
final class PickleObject {
  /// Full name of the class or function.
  let constructor: String
  /// The tuple of arguments.
  let arguments: PickleReference
  /// What BUILD would set: usually the dictionary of attributes.
  var state: PickleReference?
  /// Keys and values in turn, of a class that is a dictionary.
  var members: [PickleReference] = []

  init(constructor: String, arguments: PickleReference) {
    self.constructor = constructor
    self.arguments = arguments
  }
}

/// All values of a pickle. References are indices, so that cycles and any depth of nesting cost nothing: there is no
/// recursion in building or in freeing them. Whoever walks the values has to limit depth and visits.
struct PickleHeap {
  private(set) var values: [PickleValue] = []
  let subject: String

  init(subject: String) {
    self.subject = subject
  }

  /// Most values of one pickle; every value takes at least one byte of it.
  static let maximumValueCount = 4 << 20

  subscript(reference: PickleReference) -> PickleValue {
    values[Int(reference)]
  }

  mutating func add(_ value: PickleValue) throws(MTLError) -> PickleReference {
    guard values.count < PickleHeap.maximumValueCount else {
      throw MTLError(.limit, subject, "the pickle has more than \(PickleHeap.maximumValueCount) values")
    }
    values.append(value)
    return PickleReference(values.count - 1)
  }

  /// Appends to a list or set; false when `reference` is neither.
  func append(_ elements: [PickleReference], to reference: PickleReference) -> Bool {
    switch self[reference] {
    case .list(let target), .set(let target): target.references += elements
    default: return false
    }
    return true
  }

  /// Sets keys to values, given in turn, in a dictionary or an object that is one; false when `reference` is neither.
  func setItems(_ items: [PickleReference], in reference: PickleReference) -> Bool {
    switch self[reference] {
    case .dictionary(let target): target.references += items
    case .object(let object): object.members += items
    default: return false
    }
    return true
  }
}

extension PickleHeap {
  func text(_ reference: PickleReference) -> String? {
    if case .text(let text) = self[reference] { text } else { nil }
  }

  func integer(_ reference: PickleReference) -> Int? {
    if case .integer(let value) = self[reference] { Int(value) } else { nil }
  }

  /// The elements of a tuple or list.
  func sequence(_ reference: PickleReference) -> [PickleReference]? {
    switch self[reference] {
    case .tuple(let elements): elements
    case .list(let list): list.references
    default: nil
    }
  }

  func object(_ reference: PickleReference) -> PickleObject? {
    if case .object(let object) = self[reference] { object } else { nil }
  }

  /// The members of a dictionary, or of an object that is one, whose keys are texts or integers (as text), with Python's
  /// rule that the last value of a key counts, at the place of the first. nil for anything else.
  func members(_ reference: PickleReference) -> [(name: String, value: PickleReference)]? {
    let items: [PickleReference]
    switch self[reference] {
    case .dictionary(let dictionary): items = dictionary.references
    case .object(let object): items = object.members
    default: return nil
    }
    var members: [(name: String, value: PickleReference)] = []
    var places: [String: Int] = [:]
    for index in stride(from: 0, to: items.count - 1, by: 2) {
      guard let name = text(items[index]) ?? integer(items[index]).map(String.init) else { continue }
      if let place = places[name] {
        members[place].value = items[index + 1]
      } else {
        places[name] = members.count
        members.append((name, items[index + 1]))
      }
    }
    return members
  }
}
