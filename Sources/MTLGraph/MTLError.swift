/// The one error of the library: what kind of failure, which task, node, key or file, what was expected and what was
/// found there.
public struct MTLError: Error, Equatable, Sendable {
  /// Kinds of failure. The raw values are the status codes of the C ABI (`mtl_status` in `mtl_infer.h`).
  public enum Kind: Int32, Sendable, CaseIterable {
    case invalidArgument = 1
    case invalidState = 2
    case notFound = 3
    case shapeMismatch = 4
    case dataTypeMismatch = 5
    case bufferTooSmall = 6
    case busy = 7
    case badFormat = 20
    case formatTooNew = 21
    case unsupported = 22
    case limit = 23
    case checkpointMismatch = 24
    case outOfMemory = 40
    case inputOutput = 41
    case threadCreation = 42
    case internalFault = 99
  }

  public let kind: Kind
  /// The task, node, key, option or file that the error is about.
  public let subject: String
  /// What is wrong with it, as a sentence without a final stop.
  public let problem: String
  /// `errno` of the failing system call, 0 when none was involved.
  public let systemErrorNumber: Int32

  public init(_ kind: Kind, _ subject: String, _ problem: String, systemErrorNumber: Int32 = 0) {
    self.kind = kind
    self.subject = subject
    self.problem = problem
    self.systemErrorNumber = systemErrorNumber
  }

  /// "`subject`: expected `expected`, found `found`".
  public init(_ kind: Kind, _ subject: String, expected: String, found: String) {
    self.init(kind, subject, "expected \(expected), found \(found)")
  }
}

extension MTLError: CustomStringConvertible {
  public var description: String { subject.isEmpty ? problem : "\(subject): \(problem)" }
}
