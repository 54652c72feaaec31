import MTLNetworks
import TestSupport
import Testing

@testable import MTLTasks

/// Where an answer lies on the picture: a bright rectangle, found again in what the preparer made of it.
@Suite("Placement of the input on the picture") struct PlacementTests {
  private typealias Size = (width: Int, height: Int)
  private typealias Sides = (left: Int, top: Int, right: Int, bottom: Int)

  private func picture(_ size: Size, _ sides: Sides) -> [UInt8] {
    (0..<size.width * size.height).map { index in
      let (row, column) = (index / size.width, index % size.width)
      return row >= sides.top && row < sides.bottom && column >= sides.left && column < sides.right ? 255 : 0
    }
  }

  /// The rectangle above half the brightness, on the picture, if the input is taken as a network's map.
  private func found(
    _ size: Size, _ input: Size, _ resize: InputDescription.Resize, _ pixels: [UInt8]
  ) throws -> Sides {
    let description = picturesAsTheyAre(input, 1, resize, .bilinear)
    let values = try prepared(ImagePreparer(description), pixels, size, input, 1)
    return try unsafe values.withUnsafeBufferPointer { values in
      let maps = unsafe FeatureMaps(
        base: try #require(values.baseAddress), channels: 1, height: input.height, width: input.width)
      var sampler = MapSampler(
        maps, input: input, placement: Placement(resize, picture: size, input: input), picture: size,
        upsampling: .centers)
      var line: [Float] = []
      var sides: Sides = (size.width, size.height, 0, 0)
      for row in 0..<size.height {
        sampler.sample(channel: 0, row: row, into: &line)
        for column in 0..<size.width where line[column] > 127.5 {
          sides = (
            min(sides.left, column), min(sides.top, row), max(sides.right, column + 1), max(sides.bottom, row + 1)
          )
        }
      }
      return sides
    }
  }

  @Test(arguments: [
    ((400, 300), (192, 144)), ((400, 300), (96, 160)), ((211, 340), (160, 160)), ((90, 70), (256, 256)),
    ((301, 203), (147, 99)),
  ])
  func edgesComeBackWithinAPixel(_ sizes: ((Int, Int), (Int, Int))) throws {
    let size: Size = sizes.0
    let input: Size = sizes.1
    // Inside what every crop below shows.
    let sides = (
      left: size.width * 9 / 20, top: size.height * 9 / 20, right: size.width * 11 / 20, bottom: size.height * 11 / 20
    )
    let pixels = picture(size, sides)
    for resize in [
      InputDescription.Resize.stretch, .letterbox(fill: 0), .crop(shorterSide: min(input.width, input.height)),
      .crop(shorterSide: min(input.width, input.height) * 5 / 4),
    ] {
      let found = try found(size, input, resize, pixels)
      let differences = [
        found.left - sides.left, found.top - sides.top, found.right - sides.right, found.bottom - sides.bottom,
      ]
      #expect(differences.allSatisfy { abs($0) <= 1 }, "\(resize) \(sizes): \(differences)")
    }
  }

  /// Corners of the resized picture are those of the picture.
  @Test func cornersOfALetterbox() {
    let placement = Placement(.letterbox(fill: 114), picture: (200, 100), input: (64, 64))
    let box = placement.onPicture(Box(left: 0, top: 16, right: 64, bottom: 48))
    #expect(box == Box(left: 0, top: 0, right: 200, bottom: 100))
    let crop = Placement(.crop(shorterSide: 50), picture: (200, 100), input: (40, 40))
    #expect(crop.onPicture(Point(x: 0, y: 0)) == Point(x: 60, y: 10))
  }
}
