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
  public enum Resize: Sendable, Equatable {
    /// To the input size, the aspect ratio given up.
    case stretch
    /// Longer side across the width, centre on centre, black around it: what CenterNet does with OpenCV's warpAffine.
    case center
    /// The whole picture in the middle, aspect kept, a grey level around it: what YOLO does, with 114.
    case letterbox(fill: UInt8)
    /// To `shorterSide` pixels on the shorter side, aspect kept, and the middle cut out: torchvision's Resize and
    /// CenterCrop.
    case crop(shorterSide: Int)

    public static let defaultFill: UInt8 = 114

    /// In a `model.json`.
    enum Name: String, CaseIterable {
      case stretch, center, letterbox, crop
    }

    var name: Name {
      switch self {
      case .stretch: .stretch
      case .center: .center
      case .letterbox: .letterbox
      case .crop: .crop
      }
    }
  }

  /// Whose way of resizing, because they differ: by how many pixels they look at, by their cubic's constant, and by how
  /// they round.
  public enum Filter: String, Sendable, CaseIterable {
    /// Pillow's, which torchvision's Resize uses on pictures: they widen where a picture shrinks. `bilinear` is a
    /// triangle, `bicubic` Keys' cubic with a = -0.5. All but `nearest` sum 8-bit pixels with weights of 22 fractional
    /// bits.
    case bilinear
    case bicubic
    case lanczos
    case box
    case nearest
    /// cv2.resize on 8-bit pictures; none but the area's widens. The cubic has a = -0.75.
    case openCVLinear = "opencv_linear"
    case openCVCubic = "opencv_cubic"
    case openCVArea = "opencv_area"
    case openCVNearest = "opencv_nearest"
    /// cv2.INTER_CUBIC on a float picture whose values are then cut to bytes: fractions are dropped, and what overshoots
    /// 255 or undershoots 0 wraps around. So was PASCAL-Context prepared by SimonVandenhende/Multi-Task-Learning-PyTorch.
    case openCVCubicWrapped = "opencv_cubic_wrapped"
    /// torch.nn.functional.interpolate on float pictures with align_corners=False and antialias=False; nothing is
    /// rounded to grey levels. The cubic has a = -0.75.
    case torchBilinear = "torch_bilinear"
    case torchBicubic = "torch_bicubic"
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
    resize = try InputDescription.resize(&fields, shorterSide: min(width, height))
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

  /// The policy, with the numbers that belong to it and to no other.
  private static func resize(_ fields: inout FieldReader, shorterSide: Int) throws(MTLError) -> Resize {
    let name: Resize.Name = try fields.choice("resize") ?? .stretch
    let fill = try fields.integer("fill", in: 0...255)
    let side = try fields.integer("shorter_side", in: 1...Window.maximumSide)
    guard fill == nil || name == .letterbox else { throw unused("fill", by: name, fields) }
    guard side == nil || name == .crop else { throw unused("shorter_side", by: name, fields) }
    return switch name {
    case .stretch: .stretch
    case .center: .center
    case .letterbox: .letterbox(fill: fill.map { UInt8($0) } ?? Resize.defaultFill)
    case .crop: .crop(shorterSide: side ?? shorterSide)
    }
  }

  private static func unused(_ field: String, by name: Resize.Name, _ fields: FieldReader) -> MTLError {
    let user: Resize.Name = field == "fill" ? .letterbox : .crop
    return MTLError(
      .badFormat, "\(fields.path).\(field)", expected: "it with 'resize': '\(user.rawValue)' alone",
      found: "'\(name.rawValue)'")
  }

  /// The object of a `model.json` that says the same.
  public var json: JSONValue {
    func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }
    let ofResize: [JSONValue.Member] =
      switch resize {
      case .stretch, .center: []
      case .letterbox(let fill): [.init("fill", .integer(Int64(fill)))]
      case .crop(let side): [.init("shorter_side", .integer(Int64(side)))]
      }
    return .object(
      [
        .init("name", .string(name)), .init("width", .integer(Int64(width))), .init("height", .integer(Int64(height))),
        .init("color", .string(color.rawValue)), .init("range", numbers(range)), .init("mean", numbers(mean)),
        .init("std", numbers(standardDeviation)), .init("resize", .string(resize.name.rawValue)),
      ] + ofResize + [.init("filter", .string(filter.rawValue))] + (pages.map { [.init("pages", $0.json)] } ?? []))
  }

  /// N x C x H x W of a batch at the default size.
  public func shape(batch: Int) -> Shape { [batch, color.channelCount, height, width] }
}
