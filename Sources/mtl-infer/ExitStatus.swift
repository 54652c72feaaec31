import ArgumentParser
import Glibc
import MTLGraph

/// Exit statuses, after sysexits.h.
enum ExitStatus {
  static let usage = ExitCode(64)
  static let badData = ExitCode(65)
  static let fault = ExitCode(70)
  static let inputOutput = ExitCode(74)

  static func of(_ kind: MTLError.Kind) -> ExitCode {
    switch kind {
    case .inputOutput: inputOutput
    case .invalidArgument, .notFound: usage
    case .outOfMemory, .threadCreation, .internalFault, .busy, .invalidState: fault
    default: badData
    }
  }
}

/// Writes a line to standard error.
func warn(_ message: String) {
  writeToStandardError("mtl-infer: \(message)\n")
}

/// Writes text to standard error; what cannot be written is lost, as there is nowhere to complain.
func writeToStandardError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

/// Writes a line to standard output; fails if it does not arrive.
func writeLine(_ text: String) throws(MTLError) {
  let problem = write(text + "\n", to: STDOUT_FILENO)
  guard problem == 0 else {
    throw MTLError(
      .inputOutput, "standard output", "cannot be written: \(unsafe String(cString: strerror(problem)))",
      systemErrorNumber: problem)
  }
}

/// Writes all of a text; returns 0 or the `errno` of the failure.
private func write(_ text: String, to descriptor: Int32) -> Int32 {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let written = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if written >= 0 {
      bytes = bytes.dropFirst(written)
    } else if errno != EINTR {
      return errno
    }
  }
  return 0
}

/// Runs a command's work; an error of the library is printed and becomes the exit status.
func reporting<Answer>(_ body: () throws -> Answer) throws -> Answer {
  do {
    return try body()
  } catch let error as MTLError {
    warn(error.description)
    throw ExitStatus.of(error.kind)
  }
}
