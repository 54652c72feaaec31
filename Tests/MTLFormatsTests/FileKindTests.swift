import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("Recognising files")
struct FileKindTests {
  struct Case: Sendable, CustomStringConvertible {
    let bytes: [UInt8]
    let text: String
    var description: String { text }

    init(_ bytes: [UInt8], _ text: String) {
      self.bytes = bytes
      self.text = text
    }

    init(_ start: String, _ text: String) { self.init(Array(start.utf8), text) }
  }

  static let foreign: [Case] = [
    Case([0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A], "HDF5 file (Keras)"),
    Case([0x08, 0x0A, 0x12, 0x07] + Array("pytorch".utf8), "an ONNX model"),
    Case([0x93] + Array("NUMPY\u{1}\0".utf8), "a NumPy array file"),
    Case([0x1F, 0x8B, 8], "a gzip file"),
    Case("BZh91", "a bzip2 file"),
    Case("version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
    Case("<!DOCTYPE html><html>", "HTML"),
    Case("\n  {\"a\": 1}", "a JSON text"),
    Case([0x80, 4, 0x95, 0, 0], "a plain Python pickle"),
    Case(Build.pickle([Build.dictionary(("a", [0x4E]))]), "a plain Python pickle"),
    Case(
      Array("sys_info".utf8) + [UInt8](repeating: 0, count: 249) + Array("ustar\u{0}00".utf8),
      "tar checkpoint of PyTorch"),
    Case(Array("weights/".utf8) + [UInt8](repeating: 0, count: 249) + Array("ustar  ".utf8), "a tar archive"),
    Case(Build.archive([("x/arr_0.npy", [0])], folder: ""), "NumPy .npz"),
    Case(Build.archive([("config.json", [0]), ("model.weights.h5", [0])], folder: ""), "Keras archive"),
    Case(Build.archive([("archive_format", [0]), ("models/model.json", [0])]), "torch.export"),
    Case(Build.archive([("readme.txt", [0])], folder: ""), "ZIP archive of 1 members (readme.txt)"),
    Case(Build.archive([("data.pkl", [0x4E, 0x2E]), ("constants.pkl", [0])]), "TorchScript"),
  ]

  @Test(arguments: foreign)
  func foreignFilesAreNamed(_ file: Case) {
    let error = failure { _ = try read(file.bytes) }
    #expect(error.kind == .unsupported && error.problem.contains(file.text), "\(error)")
  }

  @Test func emptyAndUnknown() {
    #expect(failure { _ = try read([]) } == MTLError(.badFormat, "test", "is empty (0 bytes)"))
    let error = failure { _ = try read([0xDE, 0xAD]) }
    #expect(error.kind == .badFormat && error.problem.contains("2 bytes of an unknown kind, starting with de ad"))
    #expect(failure { _ = try read([0x50, 0x4B, 3, 4]) }.problem.contains("truncated"))
  }

  @Test func legacyIsFoundInEveryProtocol() throws {
    let legacy = Build.legacy(
      Build.pickle([Build.dictionary(("w", Build.tensor(Build.storage("k", 1), 1)))]), [("k", 1, [0, 0, 0x80, 0x3F])])
    #expect(try read(legacy).float32("w").floats() == [1])
    let framed: [UInt8] = [0x80, 4, 0x95, 13, 0, 0, 0, 0, 0, 0, 0]
    #expect(try read(framed + legacy.dropFirst(2)).names == ["w"])
  }
}
