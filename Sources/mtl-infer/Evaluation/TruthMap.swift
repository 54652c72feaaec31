import ImageFiles
import MTLFormats
import MTLGraph
import MTLNetworks

/// Numbers for each pixel of a picture, from a NumPy array or a PNG file, and what they mean for a kind of task.
struct TruthMap {
  let path: String
  let width: Int
  let height: Int
  private let channels: Int
  private let values: [Float]
  /// Bits of a number of a PNG file; nil for arrays, which hold what is meant as it is.
  private let bits: Int?

  /// Labels of pixels that are left out, as data sets mark them: anything below 0, and this.
  private static let voidLabel: Int32 = 255

  init(path: String) throws(MTLError) {
    self.path = path
    try checkRegular(path)
    guard path.lowercased().hasSuffix(".png") else {
      let tensor = try NumpyFile.read(MappedFile.open(path: path), name: path)
      let shape = tensor.shape
      let sides = 1...Window.maximumSide
      guard shape.rank == 2 || shape.rank == 3, sides.contains(shape[0]), sides.contains(shape[1]) else {
        throw MTLError(.shapeMismatch, path, expected: "H x W or H x W x values", found: "\(shape)")
      }
      (width, height, channels, bits) = (shape[1], shape[0], shape.rank == 3 ? shape[2] : 1, nil)
      values = try tensor.floats(of: path)
      return
    }
    let samples = try ImageFile.readSamples(path: path)
    (width, height, channels, bits) = (samples.width, samples.height, samples.channels, samples.bits)
    values = samples.values.map(Float.init)
  }

  private func check(channels expected: Int) throws(MTLError) {
    guard channels == expected else {
      throw MTLError(
        .shapeMismatch, path, expected: "\(expected) number\(expected == 1 ? "" : "s") for each pixel",
        found: "\(channels)")
    }
  }

  /// Classes, the first `count` numbers; what is invalid is -1.
  func labels(below count: Int, invalid: Double?) throws(MTLError) -> [Int32] {
    try check(channels: 1)
    var labels: [Int32] = []
    labels.reserveCapacity(values.count)
    for (pixel, value) in values.enumerated() {
      if let invalid, value == Float(invalid) {
        labels.append(-1)
        continue
      }
      guard let label = Int32(exactly: value), label < Int32(count) || label == TruthMap.voidLabel else {
        throw MTLError(
          .badFormat, path, expected: "labels of 0 to \(count - 1), \(TruthMap.voidLabel) or negative ones",
          found: "\(value) at row \(pixel / width), column \(pixel % width)")
      }
      labels.append(label == TruthMap.voidLabel && label >= count ? -1 : label)
    }
    return labels
  }

  /// Distances in the task's unit; what is invalid as it is stored is no number. The whole numbers of a PNG file are millimetres where the unit is m, as SUN RGB-D and
  /// ScanNet have them, unless the model says otherwise.
  func distances(scale: Double?, unit: String?, invalid: Double?) throws(MTLError) -> [Float] {
    try check(channels: 1)
    let known = try numbers().map { value in Float(value) == invalid.map { Float($0) } ? Float.nan : value }
    guard let bits else { return known }
    guard let scale = scale ?? (unit == "m" && bits == 16 ? 0.001 : nil) else {
      throw MTLError(
        .badFormat, path, expected: "a NumPy array, or 'truth_scale' of the task in model.json",
        found: "whole numbers of \(bits) bits")
    }
    return known.map { Float(Double($0) * scale) }
  }

  /// x, y and z of each pixel, no numbers where all are the invalid one as it is stored; in pictures 0 to 255 stands for -1 to 1, and black for no direction.
  func directions(invalid: Double?) throws(MTLError) -> [Float] {
    try check(channels: 3)
    var known = try numbers()
    if let invalid {
      for pixel in 0..<known.count / 3 where known[3 * pixel..<3 * pixel + 3].allSatisfy({ $0 == Float(invalid) }) {
        for place in 3 * pixel..<3 * pixel + 3 { known[place] = .nan }
      }
    }
    guard let bits else { return known }
    let half = Float(1 << bits - 1) / 2
    for pixel in 0..<known.count / 3 {
      let range = 3 * pixel..<3 * pixel + 3
      guard known[range].contains(where: { $0 != 0 }) else { continue }
      let parts = known[range].map { $0 / half - 1 }
      let length = max(parts.reduce(0) { $0 + $1 * $1 }.squareRoot(), .leastNormalMagnitude)
      for (place, part) in zip(range, parts) { known[place] = part / length }
    }
    return known
  }

  /// What is not 0 is set; nil where nothing is known.
  func mask(invalid: Double?) throws(MTLError) -> [Bool?] {
    try check(channels: 1)
    return try numbers().map { value in
      if let invalid, value == Float(invalid) { return nil }
      return value != 0
    }
  }

  private func numbers() throws(MTLError) -> [Float] {
    guard !values.contains(where: \.isNaN) else { throw MTLError(.badFormat, path, "has values that are no numbers") }
    return values
  }
}
