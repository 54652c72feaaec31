import MTLGraph

/// The directory of a ZIP archive whose members are stored without compression, as PyTorch writes them.
///
/// Layout after APPNOTE.TXT 6.3.10 sections 4.3 and 4.5.3 (ZIP64). Offsets count from the start of the file; an archive
/// behind other data, in parts, encrypted or compressed is refused. Checksums are not verified: that would read every
/// byte of a file that is otherwise only mapped.
struct ZipArchive {
  /// Member names in the order of the directory.
  private(set) var names: [String] = []
  private var members: [String: Bytes] = [:]

  /// The bytes of a member.
  subscript(name: String) -> Bytes? { members[name] }

  init(_ file: Bytes, name: String) throws(MTLError) {
    let end = try ZipEnd(file, name: name)
    let directory = try file.slice(
      offset: end.directoryOffset, length: end.directoryLength, of: "\(name): ZIP directory")
    var extents: [Range<Int>] = []
    var position = 0
    while position < directory.count {
      let entry = try ZipEntry(directory, at: position, archive: name)
      position += entry.recordLength
      guard members[entry.name] == nil else {
        throw MTLError(.badFormat, entry.subject, "is in the archive twice")
      }
      let extent = try entry.locate(in: file, before: end.directoryOffset)
      extents.append(extent.start..<extent.data.upperBound)
      members[entry.name] = try file.slice(
        offset: extent.data.lowerBound, length: extent.data.count, of: entry.subject)
      names.append(entry.name)
    }
    guard names.count == end.entryCount else {
      throw MTLError(
        .badFormat, name, expected: "\(end.entryCount) members in the ZIP directory", found: "\(names.count)")
    }
    extents.sort { $0.lowerBound < $1.lowerBound }
    for (one, next) in zip(extents, extents.dropFirst()) where one.upperBound > next.lowerBound {
      throw MTLError(.badFormat, name, "two members of the archive overlap at byte \(next.lowerBound)")
    }
  }
}

/// The end records: where the directory is and how many members it lists.
private struct ZipEnd {
  var directoryOffset: Int
  var directoryLength: Int
  var entryCount: Int

  init(_ file: Bytes, name: String) throws(MTLError) {
    let subject = "\(name): ZIP end record"
    let record = try ZipEnd.find(in: file, subject)
    let diskNumbers: UInt32 = try file.integer(at: record + 4, of: subject)
    entryCount = Int(try file.integer(at: record + 10, as: UInt16.self, of: subject))
    directoryLength = Int(try file.integer(at: record + 12, as: UInt32.self, of: subject))
    directoryOffset = Int(try file.integer(at: record + 16, as: UInt32.self, of: subject))
    guard diskNumbers == 0 || diskNumbers == .max else {
      throw MTLError(.badFormat, subject, "the archive is one part of several")
    }
    if entryCount == 0xFFFF || directoryLength == 0xFFFF_FFFF || directoryOffset == 0xFFFF_FFFF {
      try readLarge(file, before: record, subject)
    }
    guard directoryOffset <= record, directoryLength <= record - directoryOffset else {
      throw MTLError(
        .badFormat, subject, "the directory (\(directoryLength) bytes at \(directoryOffset)) runs into the end record")
    }
  }

  /// The record is the last thing of the file, but for a comment whose length it states.
  private static func find(in file: Bytes, _ subject: String) throws(MTLError) -> Int {
    var position = file.count - 22
    let first = Swift.max(0, position - 0xFFFF)
    while position >= first {
      if try file.integer(at: position, as: UInt32.self, of: subject) == 0x0605_4B50,
        try file.integer(at: position + 20, as: UInt16.self, of: subject) == UInt16(file.count - position - 22)
      {
        return position
      }
      position -= 1
    }
    throw MTLError(.badFormat, subject, "is missing; the file is truncated or damaged (\(file.count) bytes)")
  }

  /// ZIP64: a locator right before the end record points to a record with 64-bit numbers.
  private mutating func readLarge(_ file: Bytes, before record: Int, _ subject: String) throws(MTLError) {
    guard record >= 20, try file.integer(at: record - 20, as: UInt32.self, of: subject) == 0x0706_4B50 else {
      throw MTLError(.badFormat, subject, "the ZIP64 locator is missing")
    }
    let position = try file.size(at: record - 12, of: subject)
    guard position <= record - 20, try file.integer(at: position, as: UInt32.self, of: subject) == 0x0606_4B50 else {
      throw MTLError(.badFormat, subject, "the ZIP64 end record is not at \(position)")
    }
    entryCount = try file.size(at: position + 32, of: subject)
    directoryLength = try file.size(at: position + 40, of: subject)
    directoryOffset = try file.size(at: position + 48, of: subject)
  }
}

/// One record of the directory.
private struct ZipEntry {
  let name: String
  let subject: String
  let recordLength: Int
  private let flags: UInt16
  private var compressedLength: Int
  private var length: Int
  private var headerOffset: Int

  init(_ directory: Bytes, at start: Int, archive: String) throws(MTLError) {
    let place = "\(archive): ZIP directory record at \(start)"
    guard try directory.integer(at: start, as: UInt32.self, of: place) == 0x0201_4B50 else {
      throw MTLError(.badFormat, place, "has no signature")
    }
    let nameLength = Int(try directory.integer(at: start + 28, as: UInt16.self, of: place))
    let extraLength = Int(try directory.integer(at: start + 30, as: UInt16.self, of: place))
    let commentLength = Int(try directory.integer(at: start + 32, as: UInt16.self, of: place))
    recordLength = 46 + nameLength + extraLength + commentLength
    let record = try directory.slice(offset: start, length: recordLength, of: place)
    guard let name = try record.slice(offset: 46, length: nameLength, of: place).utf8, !name.isEmpty else {
      throw MTLError(.badFormat, place, "the member's name is empty or not UTF-8")
    }
    self.name = name
    subject = "\(archive): member '\(clipped(name))'"
    flags = try record.integer(at: 8, of: subject)
    compressedLength = Int(try record.integer(at: 20, as: UInt32.self, of: subject))
    length = Int(try record.integer(at: 24, as: UInt32.self, of: subject))
    headerOffset = Int(try record.integer(at: 42, as: UInt32.self, of: subject))
    let method: UInt16 = try record.integer(at: 10, of: subject)
    guard flags & 0x2041 == 0 else { throw MTLError(.unsupported, subject, "is encrypted") }
    guard method == 0 else {
      throw MTLError(
        .unsupported, subject, expected: "a stored member (method 0), as PyTorch writes",
        found: "compression method \(method)")
    }
    try readLarge(try record.slice(offset: 46 + nameLength, length: extraLength, of: subject))
    guard compressedLength == length else {
      throw MTLError(.badFormat, subject, "is stored but has the lengths \(compressedLength) and \(length)")
    }
  }

  /// ZIP64: the extra field 1 holds, in this order, those numbers that do not fit their 32-bit fields.
  private mutating func readLarge(_ extra: Bytes) throws(MTLError) {
    guard length == 0xFFFF_FFFF || compressedLength == 0xFFFF_FFFF || headerOffset == 0xFFFF_FFFF else { return }
    var position = 0
    while position + 4 <= extra.count {
      let tag: UInt16 = try extra.integer(at: position, of: subject)
      let size = Int(try extra.integer(at: position + 2, as: UInt16.self, of: subject))
      var field = try extra.slice(offset: position + 4, length: size, of: subject)
      position += 4 + size
      guard tag == 1 else { continue }
      if length == 0xFFFF_FFFF { length = try takeSize(&field) }
      if compressedLength == 0xFFFF_FFFF { compressedLength = try takeSize(&field) }
      if headerOffset == 0xFFFF_FFFF { headerOffset = try takeSize(&field) }
      return
    }
    throw MTLError(.badFormat, subject, "its ZIP64 field is missing")
  }

  private func takeSize(_ field: inout Bytes) throws(MTLError) -> Int {
    let size = try field.size(at: 0, of: subject)
    field = try field.slice(offset: 8, length: field.count - 8, of: subject)
    return size
  }

  /// Checks the local header against this record and returns where it starts and where the member's bytes are.
  func locate(in file: Bytes, before limit: Int) throws(MTLError) -> (start: Int, data: Range<Int>) {
    let header = try file.slice(offset: headerOffset, length: 30, of: subject)
    guard try header.integer(at: 0, as: UInt32.self, of: subject) == 0x0403_4B50 else {
      throw MTLError(.badFormat, subject, "has no local header at \(headerOffset)")
    }
    let localFlags: UInt16 = try header.integer(at: 6, of: subject)
    let method: UInt16 = try header.integer(at: 8, of: subject)
    let localLength: UInt32 = try header.integer(at: 22, of: subject)
    let nameLength = Int(try header.integer(at: 26, as: UInt16.self, of: subject))
    let extraLength = Int(try header.integer(at: 28, as: UInt16.self, of: subject))
    let localName = try file.slice(offset: headerOffset + 30, length: nameLength, of: subject)
    // With flag 3 the lengths may be zero here and follow the data instead.
    let lengthAgrees =
      Int(localLength) == length || localLength == .max || (localFlags & 8 != 0 && localLength == 0)
    guard localName.utf8 == name, method == 0, localFlags == flags, lengthAgrees else {
      throw MTLError(.badFormat, subject, "its local header at \(headerOffset) differs from the directory")
    }
    let start = headerOffset + 30 + nameLength + extraLength
    guard start <= limit, length <= limit - start else {
      throw MTLError(.badFormat, subject, "its \(length) bytes at \(start) run beyond the directory at \(limit)")
    }
    return (headerOffset, start..<start + length)
  }
}

extension Bytes {
  /// A 64-bit size or offset that has to be a possible one.
  func size(at offset: Int, of subject: @autoclosure () -> String) throws(MTLError) -> Int {
    let value: UInt64 = try integer(at: offset, of: subject())
    guard let size = Int(exactly: value) else {
      throw MTLError(.badFormat, subject(), "the size \(value) is impossible")
    }
    return size
  }
}
