import Glibc
import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("Files as memory")
struct MappedFileTests {
  /// A new folder; the caller removes it.
  private func withFolder(_ body: (String) throws -> Void) throws {
    var path = Array("/tmp/mtl-formats-XXXXXX".utf8CString)
    try #require(unsafe mkdtemp(&path) != nil)
    let folder = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unsafe rmdir(folder) }
    try body(folder)
  }

  private func write(_ bytes: [UInt8], _ path: String) throws {
    guard let file = unsafe fopen(path, "w") else { throw MTLError(.inputOutput, path, "cannot be written") }
    #expect(unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count)
    unsafe fclose(file)
  }

  @Test(arguments: [false, true])
  func holdsTheFile(_ copy: Bool) throws {
    try withFolder { folder in
      let path = folder + "/file"
      let contents = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      try write(contents, path)
      let bytes = try MappedFile.open(path: path, copy: copy)
      unsafe unlink(path)
      #expect([UInt8](bytes) == contents)
    }
  }

  @Test func copyIsIndependentOfTheFile() throws {
    try withFolder { folder in
      let path = folder + "/file"
      try write([1, 2, 3], path)
      defer { unsafe unlink(path) }
      let copy = try MappedFile.open(path: path, copy: true)
      try write([9, 9, 9], path)
      #expect([UInt8](copy) == [1, 2, 3])
    }
  }

  @Test func whatIsNoFile() throws {
    try withFolder { folder in
      let empty = folder + "/empty"
      let pipe = folder + "/pipe"
      try write([], empty)
      #expect(unsafe mkfifo(pipe, 0o600) == 0)
      defer {
        unsafe unlink(empty)
        unsafe unlink(pipe)
      }
      #expect(failure { _ = try MappedFile.open(path: empty) } == MTLError(.badFormat, empty, "is empty (0 bytes)"))
      #expect(failure { _ = try MappedFile.open(path: folder) }.problem == "expected a file, found a directory")
      #expect(failure { _ = try MappedFile.open(path: pipe) }.kind == .badFormat)
      #expect(failure { _ = try MappedFile.open(path: "/dev/zero") }.kind == .badFormat)
      let missing = failure { _ = try MappedFile.open(path: folder + "/none") }
      #expect(
        missing.kind == .inputOutput && missing.systemErrorNumber == ENOENT && missing.subject == folder + "/none")
      #expect(missing.problem == "cannot be opened: No such file or directory")
      #expect(failure { _ = try MappedFile.open(path: "") }.kind == .invalidArgument)
      #expect(failure { _ = try MappedFile.open(path: "a\0b") }.kind == .invalidArgument)
    }
  }
}
