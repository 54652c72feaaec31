import MTLGraph

// MARK: Scalars

extension PickleMachine {
  mutating func executeScalar(_ opcode: UInt8) throws(MTLError) -> Bool {
    switch opcode {
    case 0x80: try checkProtocol()
    case 0x95: _ = try integer(UInt64.self)  // FRAME: a hint for buffering
    case 0x4E: try push(.none)
    case 0x88: try push(.bool(true))
    case 0x89: try push(.bool(false))
    case 0x4B: try push(.integer(Int64(try byte())))  // BININT1
    case 0x4D: try push(.integer(Int64(try integer(UInt16.self))))  // BININT2
    case 0x4A: try push(.integer(Int64(try integer(Int32.self))))  // BININT
    case 0x8A: try pushLong(byteCount: Int(try byte()))  // LONG1
    case 0x8B: try pushLong(byteCount: try length(Int32.self))  // LONG4
    case 0x47: try push(.number(Double(bitPattern: try integer(UInt64.self).byteSwapped)))
    case 0x49, 0x4C: try pushTextInteger()  // INT, LONG
    case 0x46: try pushTextNumber()  // FLOAT
    case 0x56: try push(.text(try line()))  // UNICODE
    case 0x8C: try push(.text(try text(Int(try byte()))))  // SHORT_BINUNICODE
    case 0x58: try push(.text(try text(try length(UInt32.self))))  // BINUNICODE
    case 0x8D: try push(.text(try text(try length(UInt64.self))))  // BINUNICODE8
    case 0x55: try push(.text(try text(Int(try byte()))))  // SHORT_BINSTRING
    case 0x54: try push(.text(try text(try length(Int32.self))))  // BINSTRING
    case 0x43: try push(.data(try take(Int(try byte()))))  // SHORT_BINBYTES
    case 0x42: try push(.data(try take(try length(UInt32.self))))  // BINBYTES
    case 0x8E, 0x96: try push(.data(try take(try length(UInt64.self))))  // BINBYTES8, BYTEARRAY8
    default: return false
    }
    return true
  }

  private mutating func checkProtocol() throws(MTLError) {
    let version = try byte()
    guard version <= 5 else {
      throw MTLError(.formatTooNew, heap.subject, expected: "a pickle of protocol up to 5", found: "\(version)")
    }
  }

  private mutating func pushLong(byteCount: Int) throws(MTLError) {
    let bytes = try take(byteCount)
    guard byteCount <= 8 else { return try push(.wideInteger(bytes)) }
    var value: Int64 = 0
    for index in 0..<byteCount { value |= Int64(bytes[index] ?? 0) << (8 * Int64(index)) }
    let unusedBits = Int64(64 - 8 * byteCount)
    try push(.integer(byteCount == 0 ? 0 : (value << unusedBits) >> unusedBits))
  }

  /// `I42`, `I01` for true (protocol 1), `L42L`.
  private mutating func pushTextInteger() throws(MTLError) {
    var digits = try line()
    if digits == "00" || digits == "01" { return try push(.bool(digits == "01")) }
    if digits.hasSuffix("L") { digits.removeLast() }
    guard let value = Int64(digits) else { throw malformed("is followed by no integer of 64 bits") }
    try push(.integer(value))
  }

  private mutating func pushTextNumber() throws(MTLError) {
    guard let value = Double(try line()) else { throw malformed("is followed by no number") }
    try push(.number(value))
  }
}

// MARK: Containers

extension PickleMachine {
  mutating func executeContainer(_ opcode: UInt8) throws(MTLError) -> Bool {
    switch opcode {
    case 0x28:  // MARK
      marks.append(stack.count)
    case 0x30:  // POP
      if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
    case 0x31: _ = try popToMark()  // POP_MARK
    case 0x32: stack.append(try top())  // DUP
    case 0x29: try push(.tuple([]))
    case 0x85, 0x86, 0x87: try push(.tuple(try pop(count: Int(opcode) - 0x84)))
    case 0x74: try push(.tuple(try popToMark()))
    case 0x5D: try push(.list(PickleElements([])))
    case 0x6C: try push(.list(PickleElements(try popToMark())))
    case 0x7D: try push(.dictionary(PickleElements([])))
    case 0x64: try push(.dictionary(PickleElements(try pairs(try popToMark()))))  // DICT
    case 0x8F: try push(.set(PickleElements([])))
    case 0x91: try push(.set(PickleElements(try popToMark())))  // FROZENSET
    case 0x61: try append([try pop()])  // APPEND
    case 0x65, 0x90: try append(try popToMark())  // APPENDS, ADDITEMS
    case 0x73: try setItems(try pop(count: 2))  // SETITEM
    case 0x75: try setItems(try pairs(try popToMark()))  // SETITEMS
    default: return false
    }
    return true
  }

  private mutating func append(_ elements: [PickleReference]) throws(MTLError) {
    let target = try top()
    // Subclasses of list are objects; their elements are nothing that a checkpoint needs.
    if heap.object(target) != nil { return }
    guard heap.append(elements, to: target) else { throw malformed("appends to what is no list") }
  }

  private mutating func setItems(_ items: [PickleReference]) throws(MTLError) {
    guard heap.setItems(items, in: try top()) else { throw malformed("sets items of what is no dictionary") }
  }

  private func pairs(_ items: [PickleReference]) throws(MTLError) -> [PickleReference] {
    guard items.count % 2 == 0 else { throw malformed("has a key without a value") }
    return items
  }
}

// MARK: Memo

extension PickleMachine {
  mutating func executeMemo(_ opcode: UInt8) throws(MTLError) -> Bool {
    switch opcode {
    case 0x71: memo[Int(try byte())] = try top()  // BINPUT
    case 0x72: memo[try length(UInt32.self)] = try top()  // LONG_BINPUT
    case 0x70: memo[try lineIndex()] = try top()  // PUT
    case 0x94: memo[memo.count] = try top()  // MEMOIZE
    case 0x68: try recall(Int(try byte()))  // BINGET
    case 0x6A: try recall(try length(UInt32.self))  // LONG_BINGET
    case 0x67: try recall(try lineIndex())  // GET
    default: return false
    }
    return true
  }

  private mutating func recall(_ index: Int) throws(MTLError) {
    guard let reference = memo[index] else { throw malformed("reads memo \(index), which was never written") }
    stack.append(reference)
  }

  private mutating func lineIndex() throws(MTLError) -> Int {
    guard let index = Int(try line()), index >= 0 else { throw malformed("has no memo number") }
    return index
  }
}
