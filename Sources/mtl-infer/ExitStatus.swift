import ArgumentParser
import Foundation
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
  FileHandle.standardError.write(Data("mtl-infer: \(message)\n".utf8))
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
