import FoundationEssentials
import MTLGraph

/// A table with a picture in each line: a column `file` and one for each task. Fields may be quoted (RFC 4180). What ends in
/// .npy or .png is a file with something for each pixel. Files lie beside the table unless their paths say otherwise.
enum CSVLayout {
  static func open(_ path: String) throws(MTLError) -> DataSet {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw MTLError(.inputOutput, path, "cannot be read")
    }
    guard let text = String(bytes: data, encoding: .utf8) else { throw MTLError(.badFormat, path, "is not UTF-8") }
    let lines = try parse(text, path)
    guard let header = lines.first, let file = header.firstIndex(of: "file"), header.count > 1 else {
      throw MTLError(
        .badFormat, path, expected: "a first line with 'file' and the names of tasks",
        found: lines.first?.joined(separator: ",") ?? "nothing")
    }
    if let twice = header.first(where: { name in header.count { $0 == name } > 1 }) {
      throw MTLError(.badFormat, path, "has two columns '\(twice)'")
    }
    guard lines.count > 1 else { throw MTLError(.badFormat, path, "has no line behind the first") }
    let folder = path.contains("/") ? String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) : "."
    var samples: [DataSet.Sample] = []
    for (index, line) in lines.enumerated().dropFirst() {
      guard line.count == header.count else {
        throw MTLError(
          .badFormat, "\(path), line \(index + 1)", expected: "\(header.count) fields", found: "\(line.count)")
      }
      var truths: [String: DataSet.Truth] = [:]
      for (name, value) in zip(header, line) where name != "file" && !value.isEmpty {
        let isMap = MapLayout.truthEndings.contains { value.lowercased().hasSuffix($0) }
        truths[name] = isMap ? .map(path: place(value, folder)) : .text(value)
      }
      samples.append(DataSet.Sample(name: line[file], input: .picture(path: place(line[file], folder)), truths: truths))
    }
    return DataSet(layout: "a table of \(header.filter { $0 != "file" }.joined(separator: ", "))", samples: samples)
  }

  private static func place(_ path: String, _ folder: String) -> String {
    path.hasPrefix("/") ? path : "\(folder)/\(path)"
  }

  /// Lines of fields; empty lines are left out.
  static func parse(_ text: String, _ path: String) throws(MTLError) -> [[String]] {
    var lines: [[String]] = []
    var (line, field): ([String], [UInt8]) = ([], [])
    var isQuoted = false
    var bytes = Array(text.utf8)[...]
    func endField() {
      line.append(String(decoding: field, as: UTF8.self))
      field = []
    }
    func endLine() {
      endField()
      if line != [""] { lines.append(line) }
      line = []
    }
    while let byte = bytes.popFirst() {
      switch byte {
      case UInt8(ascii: "\"") where isQuoted && bytes.first == byte: field.append(bytes.removeFirst())
      case UInt8(ascii: "\"") where isQuoted || field.isEmpty: isQuoted.toggle()
      case _ where isQuoted: field.append(byte)
      case UInt8(ascii: ","): endField()
      case UInt8(ascii: "\n"): endLine()
      case UInt8(ascii: "\r") where bytes.first == UInt8(ascii: "\n"): continue
      default: field.append(byte)
      }
    }
    guard !isQuoted else { throw MTLError(.badFormat, path, "ends within a quoted field") }
    if !line.isEmpty || !field.isEmpty { endLine() }
    return lines
  }
}
