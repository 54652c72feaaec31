import Testing

@testable import MTLFormats
@testable import MTLGraph

/// The checkpoints in Tests/Fixtures/checkpoints and what tools/make_checkpoint_fixtures.py says they hold.
enum Fixtures {
  static let folder = {
    let parts = #filePath.split(separator: "/").dropLast(2)
    return "/" + parts.joined(separator: "/") + "/Fixtures/checkpoints/"
  }()

  static func bytes(_ file: String) throws -> Bytes {
    try MappedFile.open(path: folder + file)
  }

  static func array(_ file: String) throws -> [UInt8] {
    [UInt8](try bytes(file))
  }

  static let expected: JSONValue = {
    do {
      return try JSONValue.parse(try bytes("expected.json"), of: "expected.json")
    } catch {
      Issue.record(error)
      return .null
    }
  }()

  static let files = expected["files"]?.members?.map(\.name) ?? []
  static let checkpoints = files.filter { !$0.hasSuffix(".npy") }
  static let arrays = files.filter { $0.hasSuffix(".npy") }

  static func strings(_ value: JSONValue?) -> [String] {
    value?.elements?.compactMap(\.string) ?? []
  }

  /// Compares a tensor with the facts of expected.json, bit by bit but for the payload of NaN.
  static func check(_ tensor: Tensor, _ facts: JSONValue?, _ name: String) throws {
    let shape = facts?["shape"]?.elements?.compactMap(\.integer).map { Int($0) }
    let values = facts?["values"]?.elements?.compactMap { Float($0.string ?? "") ?? $0.number.map { Float($0) } }
    #expect(tensor.shape.dimensions == shape, "\(name)")
    #expect(tensor.type == .float32)
    let found = try tensor.floats()
    #expect(found.map(\.normalBits) == values?.map(\.normalBits), "\(name)")
  }
}

extension [UInt8] {
  init(_ bytes: Bytes) {
    self = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
  }
}

extension Float {
  /// The bits, with one NaN for all.
  var normalBits: UInt32 { isNaN ? 0x7FC0_0000 : bitPattern }
}

/// The error that `body` throws; an issue when it throws none.
func failure(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void) -> MTLError {
  do {
    try body()
  } catch let error as MTLError {
    return error
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
  Issue.record("nothing was thrown", sourceLocation: sourceLocation)
  return MTLError(.internalFault, "", "")
}

func read(_ bytes: [UInt8], section: String? = nil) throws(MTLError) -> WeightStore {
  try WeightStore.read(Bytes(copying: bytes), name: "test", section: section)
}
