import MTLGraph
import Testing

@testable import ImageFiles

@Suite struct DecodingTests {
  @Test func fixturesAreThere() {
    #expect(goodFixtures.count >= 70)
    #expect(badFixtures.count >= 20)
  }

  @Test(arguments: goodFixtures) func equalsPillow(_ expected: GoodFixture) throws {
    let image = try ImageFile.read(path: "\(fixtureFolder)/\(expected.name)")
    #expect(image.width == expected.width)
    #expect(image.height == expected.height)
    #expect(image.channels == expected.channels)
    #expect(image.orientation == expected.orientation)
    let pixels = try fixture("\(expected.name).raw")
    #expect(image.pixels.count == pixels.count)
    let differences = zip(image.pixels, pixels).map { abs(Int($0) - Int($1)) }
    #expect(differences.max() == 0, "\(differences.count { $0 > 0 }) of \(differences.count) samples differ")
  }

  @Test(arguments: badFixtures) func refusesBadFiles(_ expected: BadFixture) throws {
    let path = "\(fixtureFolder)/bad/\(expected.name)"
    let error = try #require(failure { () throws(MTLError) in try ImageFile.read(path: path) })
    #expect("\(error.kind)" == expected.kind)
    #expect(error.subject == path)
    #expect(error.problem.contains(expected.words), "\(error)")
  }

  /// Three bytes are a JPEG picture by their signature, and nothing of one is there.
  @Test(
    arguments: [[0xFF, 0xD8, 0xFF], [0xFF, 0xD8, 0xFF, 0xD9], [0xFF, 0xD8, 0xFF, 0xE1, 0xFF, 0xFF]] as [[UInt8]])
  func refusesStubs(_ bytes: [UInt8]) {
    #expect(failure { () throws(MTLError) in try ImageFile.decode(bytes, name: "stub") }?.kind == .badFormat)
  }
}
