import MTLGraph
import Testing

@testable import ImageFiles

/// Pictures made by `tools/make_image_fixtures.py`.
let fixtureFolder: String = {
  let testsFolder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
  return "/\(testsFolder)/Fixtures/images"
}()

func fixture(_ name: String) throws -> [UInt8] { try readFile(path: "\(fixtureFolder)/\(name)") }

/// A line of `expected.txt`.
struct GoodFixture: CustomTestStringConvertible {
  let name: String
  let width: Int
  let height: Int
  let channels: Int
  let orientation: Int

  var testDescription: String { name }
}

/// A line of `bad/expected.txt`.
struct BadFixture: CustomTestStringConvertible {
  let name: String
  let kind: String
  let words: String

  var testDescription: String { name }
}

let goodFixtures: [GoodFixture] = lines(of: "expected.txt").map { line in
  let fields = line.split(separator: " ")
  let numbers = fields.dropFirst().map { Int($0) ?? -1 }
  return GoodFixture(
    name: String(fields[0]), width: numbers[0], height: numbers[1], channels: numbers[2], orientation: numbers[3])
}

let badFixtures: [BadFixture] = lines(of: "bad/expected.txt").map { line in
  let fields = line.split(separator: " ", maxSplits: 2).map(String.init)
  return BadFixture(name: fields[0], kind: fields[1], words: fields[2])
}

/// No lines when the file cannot be read; a test counts them.
private func lines(of name: String) -> [Substring] {
  guard let bytes = try? fixture(name) else { return [] }
  return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
}

/// The error of a call that has to fail.
func failure<Value>(of body: () throws(MTLError) -> Value) -> MTLError? {
  do throws(MTLError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
