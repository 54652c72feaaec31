/// Small writers for files that no tool would write.
enum Build {
  /// Little-endian bytes.
  static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * Value($0))) }
  }

  static func safetensors(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    little(UInt64(header.utf8.count)) + Array(header.utf8) + data
  }

  /// A ZIP archive of stored members, as the container of a checkpoint; `order` says where the folder is.
  static func archive(_ members: [(String, [UInt8])], folder: String = "net/") -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, data) in members {
      let path = Array((folder + name).utf8)
      let sizes = little(UInt32(0)) + little(UInt32(data.count)) + little(UInt32(data.count))
      let common = [20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + sizes + little(UInt16(path.count)) + [0, 0]
      directory += [0x50, 0x4B, 1, 2, 20, 0] + common + [UInt8](repeating: 0, count: 10)
      directory += little(UInt32(file.count)) + path
      file += [0x50, 0x4B, 3, 4] + common + path + data
    }
    let count = little(UInt16(members.count))
    let end = [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count
    return file + directory + end + little(UInt32(directory.count)) + little(UInt32(file.count)) + [0, 0]
  }

  /// The legacy container around an object's pickle and storages of (key, element count, bytes).
  static func legacy(_ object: [UInt8], _ storages: [(String, Int, [UInt8])]) -> [UInt8] {
    let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
    var file = magic + [0x80, 2, 0x4D, 0xE9, 0x03, 0x2E, 0x80, 2, 0x7D, 0x2E] + object
    file += pickle([[0x5D, 0x28]] + storages.map { text($0.0) } + [[0x65]])
    for (_, count, bytes) in storages { file += little(Int64(count)) + bytes }
    return file
  }

  // MARK: Pickles

  static func pickle(_ parts: [[UInt8]]) -> [UInt8] { [0x80, 2] + parts.flatMap { $0 } + [0x2E] }

  static func text(_ text: String) -> [UInt8] { [0x58] + little(UInt32(text.utf8.count)) + Array(text.utf8) }

  static func name(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

  static func integer(_ value: Int) -> [UInt8] { [0x8A, 8] + little(Int64(value)) }

  static func tuple(_ parts: [UInt8]...) -> [UInt8] { [0x28] + parts.flatMap { $0 } + [0x74] }

  static func dictionary(_ members: (String, [UInt8])...) -> [UInt8] {
    [0x7D, 0x28] + members.flatMap { text($0.0) + $0.1 } + [0x75]
  }

  static func call(_ function: [UInt8], _ arguments: [UInt8]...) -> [UInt8] {
    function + [0x28] + arguments.flatMap { $0 } + [0x74, 0x52]
  }

  static func storage(_ key: String, _ count: Int, _ kind: String = "FloatStorage", view: [UInt8] = []) -> [UInt8] {
    tuple(text("storage"), name("torch", kind), text(key), text("cpu"), integer(count), view) + [0x51]
  }

  /// A vector of `count` elements.
  static func tensor(_ storage: [UInt8], _ count: Int, offset: Int = 0) -> [UInt8] {
    call(
      name("torch._utils", "_rebuild_tensor"), storage, integer(offset), tuple(integer(count)), tuple(integer(1)))
  }

  /// An object of a class without known meaning, with a dictionary of attributes.
  static func object(_ kind: [UInt8], _ attributes: [UInt8]) -> [UInt8] { kind + [0x29, 0x81] + attributes + [0x62] }

  /// A zip checkpoint of an object that may use the storage "0" of two floats, 1 and 2.
  static func checkpoint(_ object: [UInt8]) -> [UInt8] {
    archive([("data.pkl", pickle([object])), ("data/0", little(Float(1).bitPattern) + little(Float(2).bitPattern))])
  }

  /// A tensor of the storage that `checkpoint` has.
  static let pair = tensor(storage("0", 2), 2)
}
