import Testing

@testable import MTLFormats
@testable import MTLGraph

@Suite("Containers")
struct ContainerTests {
  private let object = Build.dictionary(("w", Build.pair))
  private let floats = Build.little(Float(1).bitPattern) + Build.little(Float(2).bitPattern)

  @Test(arguments: ["archive/", "best model (3)/", "\u{E9}/"])
  func folderMayHaveAnyName(_ folder: String) throws {
    let file = Build.archive([("data.pkl", Build.pickle([object])), ("data/0", floats)], folder: folder)
    #expect(try read(file).float32("w").floats() == [1, 2])
  }

  @Test func archiveMayEndInAComment() throws {
    var file = Build.checkpoint(object)
    file[file.count - 2] = 30
    let comment = [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 26)
    #expect(try read(file + comment).names == ["w"])
    #expect(failure { _ = try read(file + comment + [0]) }.problem.contains("truncated or damaged"))
  }

  /// Rewrites an archive of two members with all numbers in their 64-bit fields.
  @Test func largeArchive() throws {
    let small = Build.checkpoint(object)
    let ones = [UInt8](repeating: 0xFF, count: 4)
    let end = small.count - 22
    let directory = small.lastRange(of: [0x50, 0x4B, 1, 2])?.lowerBound ?? 0
    let first = small.firstRange(of: [0x50, 0x4B, 1, 2])?.lowerBound ?? 0
    let offset = small[(directory + 42)..<(directory + 46)] + [0, 0, 0, 0]
    var record = Array(small[directory..<end])
    record.replaceSubrange(20..<28, with: ones + ones)
    record.replaceSubrange(42..<46, with: ones)
    record.replaceSubrange(30..<32, with: [36, 0])
    let size = Build.little(UInt64(8))
    record += [0x63, 0, 4, 0, 1, 2, 3, 4] + [1, 0, 24, 0] + size + size + offset
    let body = Array(small[..<directory]) + record
    let counts = Build.little(UInt64(2)) + Build.little(UInt64(2))
    let large =
      [0x50, 0x4B, 6, 6] + Build.little(UInt64(44)) + [UInt8](repeating: 0, count: 12) + counts
      + Build.little(UInt64(body.count - first)) + Build.little(UInt64(first))
    let locator = [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + Build.little(UInt64(body.count)) + [1, 0, 0, 0]
    let last = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 12) + [0, 0]
    #expect(try read(body + large + locator + last).float32("w").floats() == [1, 2])
    var wrong = body + large
    wrong[body.count + 55] = 0x80
    #expect(failure { _ = try read(wrong + locator + last) }.problem.contains("is impossible"))
  }

  @Test func legacyViewsShareOneStorage() throws {
    func view(_ offset: Int, _ count: Int) -> [UInt8] {
      Build.storage("all", 4, view: Build.tuple(Build.text("v\(offset)"), Build.integer(offset), Build.integer(count)))
    }
    func named(_ offset: Int, _ count: Int) -> [UInt8] {
      Build.tuple(
        Build.text("storage"), Build.name("torch", "FloatStorage"), Build.text("part"), Build.text("cpu"),
        Build.integer(4), Build.tuple(Build.text("all"), Build.integer(offset), Build.integer(count))) + [0x51]
    }
    let bytes = (1...4).flatMap { Build.little(Float($0).bitPattern) }
    let object = Build.dictionary(("a", Build.tensor(named(1, 2), 2)), ("b", Build.tensor(Build.storage("all", 4), 4)))
    let store = try read(Build.legacy(Build.pickle([object]), [("all", 4, bytes)]))
    #expect(try store.float32("a").floats() == [2, 3])
    #expect(try store.float32("b").floats() == [1, 2, 3, 4])
    let outside = Build.dictionary(("a", Build.tensor(named(3, 2), 2)))
    #expect(
      failure { _ = try read(Build.legacy(Build.pickle([outside]), [("all", 4, bytes)])) }.problem.contains(
        "needs bytes"))
  }

  @Test func legacyStorageCounts() {
    let object = Build.pickle([Build.dictionary(("w", Build.tensor(Build.storage("k", 2), 2)))])
    for (count, problem) in [
      (3, "expected 2 elements"), (1 << 40, "needs bytes"), (.max, "needs bytes"), (-1, "is impossible"),
    ] {
      let error = failure { _ = try read(Build.legacy(object, [("k", count, floats + floats)])) }
      #expect(error.description.contains(problem), "\(error)")
    }
    #expect(failure { _ = try read(Build.legacy(object, [])) }.problem.contains("'k' is not in the file"))
    #expect(failure { _ = try read(Build.legacy(object, [("x", 0, [])])) }.problem.contains("type is unknown"))
  }

  @Test func safetensorsKeepsUnknownTypesApart() throws {
    let header = """
      {"a":{"dtype":"F4","shape":[4],"data_offsets":[0,2]},"b":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[2,3]},\
      "c":{"dtype":"U8","shape":[],"data_offsets":[3,4]}}   
      """
    let store = try read(Build.safetensors(header, [1, 2, 3, 4]))
    #expect(store.names == ["a", "b", "c"] && store["a"]?.typeName == "F4")
    #expect(try store.float32("c").floats() == [4])
    #expect(failure { _ = try store.float32("a") }.problem.contains("of type F4"))
    #expect(failure { _ = try store.float32("b") }.kind == .unsupported)
    #expect(try read(Build.safetensors("{}")).names == [])
  }

  @Test(arguments: [
    "{\"a\":1}", "{\"a\":{}}", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}",
    "{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,1]}}",
    "{\"a\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}}",
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,1]}}",
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}}",
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":0}}",
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,1]}}", "{\"__metadata__\":[]}", "{}",
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775808],\"data_offsets\":[0,1]}}",
  ])
  func safetensorsHeader(_ header: String) {
    #expect(failure { _ = try read(Build.safetensors(header, [1])) }.kind == .badFormat)
  }
}

extension [UInt8] {
  /// The last place of `pattern`.
  func lastRange(of pattern: [UInt8]) -> Range<Int>? {
    ranges(of: pattern).last
  }
}
