/// Columns of text for a terminal: the first ones flush left, numbers flush right.
struct TextTable {
  enum Alignment {
    case left, right
  }

  private let titles: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  init(_ columns: [(title: String, alignment: Alignment)]) {
    titles = columns.map(\.title)
    alignments = columns.map(\.alignment)
  }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The table with its heading, without a line break at the end. Columns in which no row says anything are left out.
  var text: String {
    let lines = [titles] + rows
    let columns = titles.indices.filter { column in rows.isEmpty || rows.contains { !$0[column].isEmpty } }
    let widths = titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    return lines.map { cells in
      let padded = columns.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return alignments[column] == .left ? cells[column] + space : space + cells[column]
      }
      return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}

/// A number with a fixed count of decimals, and others for people.
enum Format {
  /// Numbers too large for decimals, infinite ones and none at all are written as Swift does: "1e+30", "inf", "nan".
  static func decimals(_ value: Double, _ count: Int) -> String {
    let factor = (0..<count).reduce(1.0) { factor, _ in factor * 10 }
    guard let scaled = Int(exactly: (abs(value) * factor).rounded()) else { return "\(value)" }
    let digits = String(scaled)
    let padded = String(repeating: "0", count: max(0, count + 1 - digits.count)) + digits
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return count == 0 ? sign + padded : "\(sign)\(padded.dropLast(count)).\(padded.suffix(count))"
  }

  /// With two decimals, and a sign in any case.
  static func signed(_ value: Double) -> String { (value >= 0 ? "+" : "") + decimals(value, 2) }

  static func percent(_ fraction: Float) -> String { decimals(Double(fraction) * 100, 1) + " %" }

  /// 2365556 as "2,365,556".
  static func grouped(_ value: Int) -> String {
    var result = ""
    for (position, digit) in String(value).reversed().enumerated() {
      if position > 0, position % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return String(result.reversed())
  }
}
