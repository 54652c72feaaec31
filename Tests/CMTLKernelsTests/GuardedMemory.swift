import Glibc

/// On which side of the elements the page lies that may not be touched.
enum MemoryGuard: CaseIterable, Sendable { case behind, before }

/// Elements in memory of their own that touch a page which may not be touched: one element read or written beyond the
/// end ends the process, and a bug cannot hide behind a lucky neighbour.
@safe final class GuardedMemory<Element: BitwiseCopyable> {
  typealias Guard = MemoryGuard

  let pointer: UnsafeMutablePointer<Element>
  let count: Int
  private let mapping: UnsafeMutableRawPointer
  private let mappingSize: Int

  init(count: Int, guard side: Guard, fill: Element) {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let byteCount = count * MemoryLayout<Element>.stride
    let inside = (byteCount + page - 1) / page * page
    mappingSize = inside + 2 * page
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    guard let mapping = unsafe mmap(nil, mappingSize, PROT_NONE, flags, -1, 0), unsafe mapping != MAP_FAILED,
      unsafe inside == 0 || mprotect(mapping + page, inside, PROT_READ | PROT_WRITE) == 0
    else { fatalError("no memory for a guarded buffer") }
    unsafe self.mapping = mapping
    let start = unsafe mapping + page + (side == .behind ? inside - byteCount : 0)
    unsafe pointer = start.bindMemory(to: Element.self, capacity: count)
    unsafe pointer.initialize(repeating: fill, count: count)
    self.count = count
  }

  convenience init(_ elements: [Element], guard side: Guard, fill: Element) {
    self.init(count: elements.count, guard: side, fill: fill)
    unsafe pointer.update(from: elements, count: elements.count)
  }

  deinit { unsafe munmap(mapping, mappingSize) }

  var elements: [Element] { unsafe Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

typealias GuardedFloats = GuardedMemory<Float>

extension GuardedMemory where Element == Float {
  convenience init(_ elements: [Float], _ side: Guard) { self.init(elements, guard: side, fill: 0) }

  /// An output: what a kernel does not write stays a NaN of this pattern.
  convenience init(untouched count: Int, _ side: Guard) { self.init(count: count, guard: side, fill: .untouched) }
}

extension Float {
  static let untouched = Float(bitPattern: 0x7FC1_2345)
  var isUntouched: Bool { bitPattern == Float.untouched.bitPattern }
}

extension [Float] {
  /// The same bits, with one NaN for all: which NaN an addition hands on is the compiler's choice.
  func hasSameBits(as other: [Float]) -> Bool {
    count == other.count
      && zip(self, other).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
  }

  /// Close relative to the larger of 1 and the expected value; NaN and infinities in the same places.
  func isClose(to other: [Float], within tolerance: Float) -> Bool {
    count == other.count
      && zip(self, other).allSatisfy {
        $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) <= tolerance * Swift.max(1, abs($1))
      }
  }
}
