import Testing

@testable import MTLFormats
@testable import MTLGraph

/// Whatever happens to a file, reading it ends in an error or in a store whose tensors can be taken out.
@Suite("Damaged files")
struct DamageTests {
  static let files = [
    "protocol2.pt", "protocol4.pt", "protocol2.legacy.pth", "protocol5.legacy.pth", "plain.safetensors",
    "array_f4.npy", "array_fortran.npy", "layouts.legacy.pth",
  ]

  /// What reading gave: nil for an error.
  private func read(_ bytes: [UInt8], _ file: String) -> Int? {
    let bytes = Bytes(copying: bytes)
    do throws(MTLError) {
      if file.hasSuffix(".npy") { return try NumpyFile.read(bytes, name: file).bytes.count }
      let store = try WeightStore.read(bytes, name: file)
      var elements = 0
      for name in store.names where store[name]?.type != nil { elements += try store.float32(name).shape.elementCount }
      return elements
    } catch {
      #expect(error.kind != .internalFault && !error.description.isEmpty && error.description.utf8.count < 1000)
      return nil
    }
  }

  @Test(arguments: files)
  func truncationAnywhereIsAnError(_ file: String) throws {
    let whole = try Fixtures.array(file)
    #expect(read(whole, file) != nil)
    for length in 0..<whole.count {
      #expect(read(Array(whole[..<length]), file) == nil, "\(length) of \(whole.count) bytes")
    }
  }

  @Test(arguments: files)
  func noByteCanDoHarm(_ file: String) throws {
    var bytes = try Fixtures.array(file)
    var errors = 0
    for index in bytes.indices {
      let original = bytes[index]
      for value in [0, 0xFF, original ^ 0x01, original ^ 0x80, original &+ 1, 0x28, 0x52] where value != original {
        bytes[index] = value
        if read(bytes, file) == nil { errors += 1 }
      }
      bytes[index] = original
    }
    #expect(errors > bytes.count / 8)
  }

  /// Two bytes at a time, from a fixed sequence, in the part that has the structure.
  @Test(arguments: files)
  func randomDamageDoesNoHarm(_ file: String) throws {
    let whole = try Fixtures.array(file)
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      _ = read(bytes, file)
    }
  }

  /// Programs of opcodes that fit each other now and then: what no damage to a real file would reach.
  @Test func randomPicklesDoNoHarm() {
    let words: [[UInt8]] = [
      [0x28], [0x28], [0x4E], [0x88], [0x4B, 2], [0x4B, 0], [0x29], [0x5D], [0x7D], [0x8F], [0x85], [0x86], [0x87],
      [0x74], [0x6C],
      [0x64], [0x61], [0x65], [0x73], [0x75], [0x90], [0x91], [0x30], [0x31], [0x32], [0x71, 1], [0x68, 1], [0x71, 2],
      [0x68, 2],
      [0x94], [0x51], [0x52], [0x52], [0x81], [0x92], [0x62], Build.text("w"), Build.text("_modules"),
      Build.text("_parameters"),
      Build.name("collections", "OrderedDict"), Build.name("builtins", "set"), Build.name("builtins", "list"),
      Build.name("torch", "Size"), Build.name("m", "Net"), Build.name("copyreg", "_reconstructor"), Build.pair,
      Build.storage("0", 2), Build.name("torch._utils", "_rebuild_tensor_v2"),
      Build.name("torch._utils", "_rebuild_parameter"),
    ]
    var state: UInt64 = 88_172_645_463_325_252
    func next(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state >> 33) % bound
    }
    var understood = 0
    for _ in 0..<20_000 {
      let start = next(2) == 0 ? [] : Build.dictionary(("start", Build.pair))
      let program = start + (0..<2 + next(24)).flatMap { _ in words[next(words.count)] }
      if read(Build.checkpoint(program), "random.pt") != nil { understood += 1 }
    }
    #expect(understood > 20, "\(understood)")
  }
}
