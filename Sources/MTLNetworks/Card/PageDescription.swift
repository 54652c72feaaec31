import MTLFormats
import MTLGraph

/// How a picture of a page is shown to a network that was trained on pieces of pages of one text height: cut into crops
/// whose text has that height once they are the network's input, and of whose answers the mean is taken
/// ("Is Multitask Learning Always Better?", DAS 2022, normalises the scale of pages in this way, by an estimated height).
public struct PageDescription: Sendable, Equatable {
  /// Height of small letters without ascenders, in pixels of the network's input.
  public let textHeight: Double
  /// Share of a crop that its neighbours show as well.
  public let overlap: Double
  /// Most crops of a page; of more, evenly spread ones are taken.
  public let limit: Int

  public init(textHeight: Double, overlap: Double = 0, limit: Int = 32) {
    self.textHeight = textHeight
    self.overlap = overlap
    self.limit = limit
  }

  init(_ fields: inout FieldReader) throws(MTLError) {
    guard let height = try fields.number("text_height"), height >= 1, height <= Double(Window.maximumSide) else {
      throw MTLError(.badFormat, "\(fields.path).text_height", "is no number of pixels from 1 on")
    }
    let overlap = try fields.number("overlap") ?? 0
    guard (0...0.9).contains(overlap) else {
      throw MTLError(.badFormat, "\(fields.path).overlap", expected: "0 to 0.9", found: "\(overlap)")
    }
    self.init(textHeight: height, overlap: overlap, limit: try fields.integer("limit", in: 1...4096) ?? 32)
    try fields.finish()
  }

  /// The object of a `model.json` that says the same.
  var json: JSONValue {
    .object([
      .init("text_height", .number(textHeight)), .init("overlap", .number(overlap)),
      .init("limit", .integer(Int64(limit))),
    ])
  }
}
