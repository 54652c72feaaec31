import MTLGraph

extension PickleMachine {
  mutating func executeObject(_ opcode: UInt8) throws(MTLError) -> Bool {
    switch opcode {
    case 0x63:  // GLOBAL
      let module = try line()
      try pushGlobal(module: module, name: try line())
    case 0x93:  // STACK_GLOBAL
      let parts = try pop(count: 2)
      guard let module = heap.text(parts[0]), let name = heap.text(parts[1]) else {
        throw malformed("names a class by something else than texts")
      }
      try pushGlobal(module: module, name: name)
    case 0x51: try push(.persistent(try pop()))  // BINPERSID
    case 0x52: try reduce()
    case 0x81: try newObject(try pop(count: 2))  // NEWOBJ
    case 0x92: try newObject(try pop(count: 3))  // NEWOBJ_EX: class, arguments, named arguments
    case 0x62:  // BUILD
      let state = try pop()
      if let object = heap.object(try top()) { object.state = state }
    default: return false
    }
    return true
  }

  private mutating func pushGlobal(module: String, name: String) throws(MTLError) {
    try PickleGlobals.check(module: module, name: name, of: heap.subject)
    try push(.global("\(module).\(name)"))
  }

  private mutating func newObject(_ parts: [PickleReference]) throws(MTLError) {
    guard let constructor = className(parts[0]), heap.sequence(parts[1]) != nil else {
      throw malformed("makes an object of what is no class")
    }
    try construct(constructor, parts[1])
  }

  /// Full name of a class; a class may also come as a persistent object, ('module', class, file, source).
  private func className(_ reference: PickleReference) -> String? {
    switch heap[reference] {
    case .global(let name): return name
    case .persistent(let identifier):
      guard let parts = heap.sequence(identifier), parts.count >= 2, heap.text(parts[0]) == "module",
        case .global(let name) = heap[parts[1]]
      else { return nil }
      return name
    default: return nil
    }
  }

  /// An instance of a class; classes that are plain containers become those.
  private mutating func construct(_ constructor: String, _ arguments: PickleReference) throws(MTLError) {
    switch PickleGlobals.call(constructor) {
    case .dictionary: try push(.dictionary(PickleElements([])))
    case .set: try push(.set(PickleElements([])))
    case .list: try push(.list(PickleElements([])))
    default: try push(.object(PickleObject(constructor: constructor, arguments: arguments)))
    }
  }

  private mutating func reduce() throws(MTLError) {
    let parts = try pop(count: 2)
    guard let global = className(parts[0]), case .tuple(let arguments) = heap[parts[1]] else {
      throw malformed("calls what is no function")
    }
    switch PickleGlobals.call(global) {
    case .dictionary: try push(.dictionary(PickleElements(try dictionaryItems(arguments.last))))
    case .set: try push(.set(PickleElements(try copies(of: arguments.first))))
    case .list: try push(.list(PickleElements(try copies(of: arguments.first))))
    case .argument where arguments.count == 1: stack.append(arguments[0])
    case .reconstructor:
      guard let first = arguments.first, let constructor = className(first) else {
        throw malformed("makes an object of what is no class")
      }
      try construct(constructor, parts[1])
    case .object, .argument: try push(.object(PickleObject(constructor: global, arguments: parts[1])))
    case .refused:
      guard PickleGlobals.isEnumerationLike(global, arguments, in: heap) else {
        throw MTLError(
          .unsupported, heap.subject,
          "the pickle calls \(clipped(global)), which is not executed; save model.state_dict() instead of whole objects"
        )
      }
      try push(.object(PickleObject(constructor: global, arguments: parts[1])))
    }
  }

  /// `OrderedDict([[key, value], ...])`, as Python 2 writes it, or another dictionary. A factory argument has no items.
  private mutating func dictionaryItems(_ argument: PickleReference?) throws(MTLError) -> [PickleReference] {
    guard let argument else { return [] }
    if case .dictionary(let other) = heap[argument] {
      try payForCopies(other.references.count)
      return other.references
    }
    guard let elements = heap.sequence(argument) else { return [] }
    try payForCopies(2 * elements.count)
    var items: [PickleReference] = []
    for element in elements {
      guard let pair = heap.sequence(element), pair.count == 2 else {
        throw malformed("fills a dictionary with what are no pairs")
      }
      items += pair
    }
    return items
  }

  private mutating func copies(of argument: PickleReference?) throws(MTLError) -> [PickleReference] {
    guard let argument, let elements = heap.sequence(argument) else { return [] }
    try payForCopies(elements.count)
    return elements
  }

  private mutating func payForCopies(_ count: Int) throws(MTLError) {
    remainingCopies -= count
    guard remainingCopies >= 0 else {
      throw MTLError(.limit, heap.subject, "the pickle copies more elements than it has bytes")
    }
  }
}
