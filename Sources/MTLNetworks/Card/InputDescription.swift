import MTLFormats
import MTLGraph

/// How pixels become the network's input.
///
/// An 8-bit value p becomes ((p / 255) * (range[1] - range[0]) + range[0] - mean) / std, for each channel.
public struct InputDescription: Sendable, Equatable {
  /// Order of the channels. Grey is made from colour with the ITU-R 601-2 luma weights, as Pillow does.
  public enum Color: String, Sendable, CaseIterable {
    case gray, rgb, bgr
    public var channelCount: Int { self == .gray ? 1 : 3 }
  }

  /// How a picture of another size is fitted.
  public enum Resize: String, Sendable, CaseIterable {
    /// To the input size, the aspect ratio given up.
    case stretch
    /// Longer side across the width, centre on centre, black around it: what CenterNet does with OpenCV's warpAffine.
    case center
  }

  public enum Filter: String, Sendable, CaseIterable {
    /// Triangle filter that widens when it shrinks a picture: Pillow's BILINEAR, torchvision's Resize on pictures.
    case bilinear
  }

  public let name: String
  /// Default size in pixels.
  public let width: Int
  public let height: Int
  public let color: Color
  public let range: [Double]
  public let mean: [Double]
  public let standardDeviation: [Double]
  public let resize: Resize
  public let filter: Filter
  /// For networks that see crops of pages; nil for those that see whole pictures.
  public let pages: PageDescription?

  public init(
    name: String = "image", width: Int, height: Int, color: Color, range: [Double] = [0, 1], mean: [Double],
    standardDeviation: [Double], resize: Resize = .stretch, filter: Filter = .bilinear,
    pages: PageDescription? = nil
  ) {
    self.pages = pages
    self.name = name
    self.width = width
    self.height = height
    self.color = color
    self.range = range
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.resize = resize
    self.filter = filter
  }

  init(_ fields: inout FieldReader) throws(MTLError) {
    let sides = 1...Window.maximumSide
    name = try fields.string("name") ?? "image"
    guard let width = try fields.integer("width", in: sides), let height = try fields.integer("height", in: sides)
    else {
      throw MTLError(.badFormat, fields.path, "needs 'width' and 'height'")
    }
    (self.width, self.height) = (width, height)
    color = try fields.choice("color") ?? .rgb
    let channels = color.channelCount
    range = try fields.numbers("range") ?? [0, 1]
    mean = try fields.numbers("mean") ?? [Double](repeating: 0, count: channels)
    standardDeviation = try fields.numbers("std") ?? [Double](repeating: 1, count: channels)
    resize = try fields.choice("resize") ?? .stretch
    filter = try fields.choice("filter") ?? .bilinear
    if let value = fields.value("pages") {
      var pageFields = try FieldReader(value, path: "\(fields.path).pages")
      pages = try PageDescription(&pageFields)
    } else {
      pages = nil
    }
    try fields.finish()
    guard range.count == 2, mean.count == channels, standardDeviation.count == channels else {
      throw MTLError(
        .badFormat, fields.path, "needs 2 numbers in 'range' and \(channels) in 'mean' and 'std' for \(color.rawValue)")
    }
    // Pixels are computed in float32.
    guard standardDeviation.allSatisfy({ Float($0) != 0 }) else {
      throw MTLError(.badFormat, "\(fields.path).std", "has a zero")
    }
    guard (range + mean + standardDeviation).allSatisfy({ Float($0).isFinite }) else {
      throw MTLError(.badFormat, fields.path, "a number in 'range', 'mean' or 'std' is too large for float32")
    }
  }

  /// The object of a `model.json` that says the same.
  public var json: JSONValue {
    func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }
    let members: [JSONValue.Member] = [
      .init("name", .string(name)), .init("width", .integer(Int64(width))), .init("height", .integer(Int64(height))),
      .init("color", .string(color.rawValue)), .init("range", numbers(range)), .init("mean", numbers(mean)),
      .init("std", numbers(standardDeviation)), .init("resize", .string(resize.rawValue)),
      .init("filter", .string(filter.rawValue)),
    ]
    return .object(members + (pages.map { [.init("pages", $0.json)] } ?? []))
  }

  /// N x C x H x W of a batch at the default size.
  public func shape(batch: Int) -> Shape { [batch, color.channelCount, height, width] }
}
