import MTLFormats
import MTLGraph

/// What holds for the truth of a task in the data that it was trained on, and how its answers are judged and coloured.
/// Everything may be left out: then the convention of the task's kind holds.
public struct TaskConvention: Sendable, Equatable {
  /// A figure that answers are compared with, such as that of a network of this task alone.
  public struct Baseline: Sendable, Equatable {
    /// As `eval` names it, such as "mean_iou".
    public let figure: String
    public let value: Double

    public init(_ figure: String, _ value: Double) { (self.figure, self.value) = (figure, value) }
  }

  /// Truths beyond these are left out, in the task's unit.
  public var validRange: ClosedRange<Double>?
  /// The value that marks pixels without a truth, as it is stored. Without one, 0 and below are invalid for distances, parts
  /// that add up to 0 for normals, negative numbers and 255 for classes.
  public var invalid: Double?
  /// What the whole numbers of a picture that holds distances are multiplied by; 0.001 where the unit is m.
  public var truthScale: Double?
  /// Red, green and blue of each class in the order of the labels; Pascal VOC's colour map where it is empty.
  public var palette: [[UInt8]]
  public var baselines: [Baseline]
  /// How far a found edge may lie from a true one, as a share of the picture's diagonal.
  public var matchDistance: Double?
  /// For each key point how far apart people put it, as a share of a person's size (COCO's sigmas).
  public var sigmas: [Double]

  public init(
    validRange: ClosedRange<Double>? = nil, invalid: Double? = nil, truthScale: Double? = nil, palette: [[UInt8]] = [],
    baselines: [Baseline] = [],
    matchDistance: Double? = nil, sigmas: [Double] = []
  ) {
    self.validRange = validRange
    self.invalid = invalid
    self.truthScale = truthScale
    self.palette = palette
    self.baselines = baselines
    self.matchDistance = matchDistance
    self.sigmas = sigmas
  }

  init(_ fields: inout FieldReader) throws(MTLError) {
    self.init(
      validRange: try TaskConvention.range(&fields), invalid: try TaskConvention.finite("invalid", &fields),
      truthScale: try TaskConvention.finite("truth_scale", &fields), palette: try TaskConvention.palette(&fields),
      baselines: try TaskConvention.baselines(&fields),
      matchDistance: try TaskConvention.finite("match_distance", &fields), sigmas: try fields.numbers("sigmas") ?? [])
    guard matchDistance.map({ (0.0...0.1).contains($0) }) ?? true else {
      throw MTLError(.badFormat, "\(fields.path).match_distance", "is no share of the picture's diagonal, 0 to 0.1")
    }
    guard truthScale.map({ $0 > 0 }) ?? true else {
      throw MTLError(.badFormat, "\(fields.path).truth_scale", "is not above 0")
    }
    guard sigmas.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw MTLError(.badFormat, "\(fields.path).sigmas", "has a number that is not above 0")
    }
  }

  private static func finite(_ name: String, _ fields: inout FieldReader) throws(MTLError) -> Double? {
    guard let number = try fields.number(name) else { return nil }
    guard number.isFinite else { throw MTLError(.badFormat, "\(fields.path).\(name)", "is no finite number") }
    return number
  }

  private static func range(_ fields: inout FieldReader) throws(MTLError) -> ClosedRange<Double>? {
    guard let numbers = try fields.numbers("valid_range") else { return nil }
    guard numbers.count == 2, numbers[0] <= numbers[1] else {
      throw MTLError(.badFormat, "\(fields.path).valid_range", "is not [least, largest]")
    }
    return numbers[0]...numbers[1]
  }

  private static func palette(_ fields: inout FieldReader) throws(MTLError) -> [[UInt8]] {
    guard let value = fields.value("palette") else { return [] }
    var colors: [[UInt8]] = []
    for element in value.elements ?? [value] {
      let parts = element.elements?.compactMap { $0.integer.flatMap { UInt8(exactly: $0) } } ?? []
      guard parts.count == 3, element.elements?.count == 3 else {
        throw MTLError(
          .badFormat, "\(fields.path).palette[\(colors.count)]", "is not [red, green, blue] of 0 to 255")
      }
      colors.append(parts)
    }
    return colors
  }

  private static func baselines(_ fields: inout FieldReader) throws(MTLError) -> [Baseline] {
    guard let value = fields.value("baseline") else { return [] }
    guard let members = value.members else {
      throw MTLError(.badFormat, "\(fields.path).baseline", "is no object of figures and numbers")
    }
    var baselines: [Baseline] = []
    for member in members {
      guard let number = member.value.number, number.isFinite else {
        throw MTLError(.badFormat, "\(fields.path).baseline.\(member.name)", "is no number")
      }
      baselines.append(Baseline(member.name, number))
    }
    return baselines
  }

  /// What is said here, and what the other says of the rest.
  func completed(by other: TaskConvention) -> TaskConvention {
    TaskConvention(
      validRange: validRange ?? other.validRange, invalid: invalid ?? other.invalid,
      truthScale: truthScale ?? other.truthScale, palette: palette.isEmpty ? other.palette : palette,
      baselines: baselines.isEmpty ? other.baselines : baselines, matchDistance: matchDistance ?? other.matchDistance,
      sigmas: sigmas.isEmpty ? other.sigmas : sigmas)
  }

  /// The fields of a `model.json` that say the same.
  var members: [JSONValue.Member] {
    func numbers(_ values: [Double]) -> JSONValue { .array(values.map { .number($0) }) }
    var members: [JSONValue.Member] = []
    if let validRange { members.append(.init("valid_range", numbers([validRange.lowerBound, validRange.upperBound]))) }
    if let invalid { members.append(.init("invalid", .number(invalid))) }
    if let truthScale { members.append(.init("truth_scale", .number(truthScale))) }
    if !palette.isEmpty {
      members.append(.init("palette", .array(palette.map { .array($0.map { .integer(Int64($0)) }) })))
    }
    if !baselines.isEmpty {
      members.append(.init("baseline", .object(baselines.map { .init($0.figure, .number($0.value)) })))
    }
    if let matchDistance { members.append(.init("match_distance", .number(matchDistance))) }
    if !sigmas.isEmpty { members.append(.init("sigmas", numbers(sigmas))) }
    return members
  }
}
