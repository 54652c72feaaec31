import MTLFormats
import MTLGraph

/// The files that the tests read: `Tests/Fixtures` and `models`.
public enum Fixtures {
  public static let repository = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/")
  }()

  public static let folder = repository + "/Tests/Fixtures"
  public static let fingers = repository + "/models/fingers"
  /// The models of tools/make_network_fixtures.py.
  public static let networks = ["every_block", "grouped", "normalizations", "tied", "trunk"]

  public static func bytes(_ name: String) throws(MTLError) -> Bytes {
    try MappedFile.open(path: "\(folder)/\(name)")
  }

  public static func tensor(_ name: String) throws(MTLError) -> Tensor {
    try NumpyFile.read(bytes(name), name: name)
  }

  public static func json(_ name: String) throws(MTLError) -> JSONValue {
    try JSONValue.parse(bytes(name), of: name)
  }
}

/// The error that `body` throws; nil when it throws none.
public func failure<Value>(of body: () throws(MTLError) -> Value) -> MTLError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

/// The largest absolute difference of two arrays; NaN when one holds a NaN, infinite when they are not of one length.
public func largestDifference(_ left: [Float], _ right: [Float]) -> Float {
  guard left.count == right.count else { return .infinity }
  return zip(left, right).reduce(0) { largest, pair in
    let difference = abs(pair.0 - pair.1)
    return difference.isNaN ? difference : max(largest, difference)
  }
}

/// The high bytes of a linear congruential generator, as in tools/make_preparation_fixtures.py.
public func noise(seed: Int, count: Int) -> [UInt8] {
  var state = UInt32(seed)
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}
