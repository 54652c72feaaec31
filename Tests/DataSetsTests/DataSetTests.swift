import FoundationEssentials
import MTLGraph
import Testing

@testable import DataSets

@Suite struct DataSetTests {
  /// A folder with these files, empty or with a text, for the duration of a call.
  private func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: root) }
    for (name, text) in files {
      let file = root.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
    try body(root.path)
  }

  @Test func arraysOfTheValidationPart() throws {
    let files = ["image/0", "image/2", "image/10", "label/0", "label/2", "depth/0", "depth/2", "depth/10"]
    try withFolder(Dictionary(uniqueKeysWithValues: files.map { ("val/\($0).npy", "") })) { path in
      let set = try DataSet.open(path)
      #expect(set.samples.map(\.name) == ["image/0.npy", "image/2.npy", "image/10.npy"])
      #expect(set.samples[2].truths["depth"] == .map(path: "\(path)/val/depth/10.npy"))
      #expect(set.samples[2].truths["label"] == .map(path: "\(path)/val/label/10.npy"), "reported when it is read")
    }
  }

  @Test func namesOfUTKFace() throws {
    try withFolder(["34_1_2_2017.jpg.chip.jpg": "", "7_0_0_2016.jpg": "", "101_1_4_2017.jpg": ""]) { path in
      let samples = try DataSet.open(path).samples
      let others = DataSet.Truth.named("Others", index: 4, count: 5)
      #expect(samples[0].truths["age"] == .quantity(101, index: 6, count: 7))
      #expect(samples[0].truths["gender"] == .named("female", index: 1, count: 2))
      #expect(samples[0].truths["ethnicity"] == others && samples[0].truths["race"] == others)
      #expect(samples[1].truths["age"] == .quantity(34, index: 3, count: 7))
      #expect(samples[2].truths["age"] == .quantity(7, index: 0, count: 7))
    }
  }

  @Test func namesOfFingers() throws {
    try withFolder(["a1_3L.png": "", "b_0R.png": ""]) { path in
      let samples = try DataSet.open(path).samples
      #expect(
        samples.map(\.truths) == [["hand": .index(1), "count": .index(3)], ["hand": .index(0), "count": .index(0)]])
    }
  }

  /// One that does not fit among many is kept, to be reported; many are another layout.
  @Test func namesThatDoNotFit() throws {
    var files = Dictionary(uniqueKeysWithValues: (0..<12).map { ("x\($0)_\($0 % 6)L.png", "") })
    files["holiday.png"] = ""
    try withFolder(files) { path in
      let samples = try DataSet.open(path).samples
      #expect(samples.count == 13 && samples.filter(\.truths.isEmpty).map(\.name) == ["holiday.png"])
    }
    try withFolder(["a_1L.png": "", "b.png": "", "c.png": ""]) { path in
      #expect(throws: MTLError.self) { try DataSet.open(path) }
    }
  }

  @Test func tables() throws {
    let text = "file,kind,\"the, name\"\r\n\"a \"\"b\"\".png\",cat,\r\n\nsub/c.png,2,\"x\ny\"\n"
    try withFolder(["labels.csv": text]) { path in
      let samples = try DataSet.open(path).samples
      #expect(samples.map(\.name) == ["a \"b\".png", "sub/c.png"])
      #expect(samples[0].truths == ["kind": .text("cat")])
      #expect(samples[1].truths == ["kind": .text("2"), "the, name": .text("x\ny")])
    }
  }

  @Test(arguments: ["", "picture,kind\na,b\n", "file,kind\na\n", "file,kind\n\"a,b\n"]) func brokenTables(
    _ text: String
  ) throws {
    try withFolder(["labels.csv": text]) { path in
      #expect(throws: MTLError.self) { try DataSet.open(path + "/labels.csv") }
    }
  }

  @Test func whatIsNoDataSet() throws {
    try withFolder(["notes.txt": "", "image/readme.txt": ""]) { path in
      #expect(throws: MTLError.self) { try DataSet.open(path) }
      #expect(throws: MTLError.self) { try DataSet.open(path + "/nowhere") }
    }
  }
}
