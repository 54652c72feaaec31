import MTLGraph

/// Reads a pickle as data: a stack machine that builds a `PickleHeap` and knows only the opcodes of values, containers
/// and object descriptions (python/cpython:Lib/pickletools.py describes them all).
///
/// Memory and time are linear in the length of the pickle: every opcode makes at most one value, and what copies
/// elements (`set(list)`) draws on a budget of that length.
struct PickleMachine {
  var heap: PickleHeap
  /// Offset of the next opcode.
  var position: Int
  let input: Bytes
  var stack: [PickleReference] = []
  /// Heights of the stack where MARK was met.
  var marks: [Int] = []
  var memo: [Int: PickleReference] = [:]
  var opcodeOffset = 0
  var remainingCopies: Int

  /// Most values on the stack; DUP and memo reads put more there than the heap counts.
  private static let maximumStackDepth = 4 << 20

  private init(_ input: Bytes, at offset: Int, subject: String) {
    self.input = input
    position = offset
    heap = PickleHeap(subject: subject)
    remainingCopies = input.count
  }

  /// The value that the pickle starting at `offset` describes, and the offset behind its STOP. The numbers and texts of
  /// the result have been checked for nothing but their length.
  static func read(
    _ input: Bytes, at offset: Int = 0, subject: String
  ) throws(MTLError) -> (root: PickleReference, heap: PickleHeap, end: Int) {
    var machine = PickleMachine(input, at: offset, subject: subject)
    while true {
      machine.opcodeOffset = machine.position
      let opcode = try machine.byte()
      if opcode == 0x2E { break }
      try machine.execute(opcode)
      guard machine.stack.count <= maximumStackDepth, machine.marks.count <= maximumStackDepth else {
        throw MTLError(.limit, subject, "the pickle's stack grows beyond \(maximumStackDepth) values")
      }
    }
    return (try machine.pop(), machine.heap, machine.position)
  }

  mutating func execute(_ opcode: UInt8) throws(MTLError) {
    if try executeScalar(opcode) { return }
    if try executeContainer(opcode) { return }
    if try executeMemo(opcode) { return }
    if try executeObject(opcode) { return }
    throw MTLError(
      .unsupported, heap.subject, "pickle opcode 0x\(hexadecimal(opcode)) at byte \(opcodeOffset) is not one of data")
  }
}

// MARK: Stack and input

extension PickleMachine {
  mutating func push(_ value: PickleValue) throws(MTLError) {
    stack.append(try heap.add(value))
  }

  func top() throws(MTLError) -> PickleReference {
    guard let reference = stack.last, stack.count > marks.last ?? 0 else { throw malformed("finds the stack empty") }
    return reference
  }

  mutating func pop() throws(MTLError) -> PickleReference {
    let reference = try top()
    stack.removeLast()
    return reference
  }

  mutating func pop(count: Int) throws(MTLError) -> [PickleReference] {
    guard stack.count - count >= marks.last ?? 0 else { throw malformed("finds the stack empty") }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  mutating func popToMark() throws(MTLError) -> [PickleReference] {
    guard let mark = marks.popLast() else { throw malformed("finds no mark") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  func malformed(_ problem: String) -> MTLError {
    MTLError(.badFormat, heap.subject, "the pickle opcode at byte \(opcodeOffset) \(problem)")
  }

  mutating func take(_ count: Int) throws(MTLError) -> Bytes {
    let bytes = try input.slice(offset: position, length: count, of: heap.subject)
    position += count
    return bytes
  }

  mutating func byte() throws(MTLError) -> UInt8 {
    guard let byte = input[position] else {
      throw MTLError(.badFormat, heap.subject, "the pickle ends without STOP at byte \(position)")
    }
    position += 1
    return byte
  }

  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type
  ) throws(MTLError) -> Value {
    let value: Value = try input.integer(at: position, of: heap.subject)
    position += MemoryLayout<Value>.size
    return value
  }

  mutating func length<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type
  ) throws(MTLError) -> Int {
    let value = try integer(type)
    guard let length = Int(exactly: value), length >= 0 else { throw malformed("has the length \(value)") }
    return length
  }

  /// Text of `count` bytes. What is not UTF-8 (raw strings of Python 2, halves of surrogate pairs) is repaired: such
  /// text is no tensor's name.
  mutating func text(_ count: Int) throws(MTLError) -> String {
    unsafe try take(count).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The text up to the next line feed.
  mutating func line() throws(MTLError) -> String {
    let start = position
    while try byte() != UInt8(ascii: "\n") {}
    let bytes = try input.slice(offset: start, length: position - 1 - start, of: heap.subject)
    return unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}
