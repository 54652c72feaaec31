/// Where OpenCV's warpAffine (4.x, INTER_LINEAR) finds the pixels of an input into which a picture is fitted centre on
/// centre, its longer side across the input's width. Positions are 32nds of a pixel and values are rounded once, as there,
/// so that the grey levels are the same. Outside the picture is 0.
struct CenteredWarp {
  /// The left or upper one of two neighbouring pixels, and the share of the other in 32nds.
  struct Tap {
    let first: Int
    let share: Int32
  }

  let pictureSize: (width: Int, height: Int)
  let inputSize: (width: Int, height: Int)
  let columns: [Tap]
  let rows: [Tap]

  init(picture: (width: Int, height: Int), input: (width: Int, height: Int)) {
    pictureSize = picture
    inputSize = input
    let scale = Double(max(picture.width, picture.height)) / Double(input.width)
    columns = CenteredWarp.taps(input.width, scale, start: (Double(picture.width) - scale * Double(input.width)) / 2)
    rows = CenteredWarp.taps(input.height, scale, start: (Double(picture.height) - scale * Double(input.height)) / 2)
  }

  /// OpenCV keeps 10 bits of a position's fraction, then 5.
  private static func taps(_ count: Int, _ scale: Double, start: Double) -> [Tap] {
    let origin = Int((start * 1024).rounded(.toNearestOrEven)) + 16
    return (0..<count).map { place in
      let position = (origin + Int((scale * Double(place) * 1024).rounded(.toNearestOrEven))) >> 5
      return Tap(first: position >> 5, share: Int32(position & 31))
    }
  }

  /// One row of the input from the two rows of the picture that `rows` names; nil where one lies outside.
  @unsafe func warp(
    upper: UnsafePointer<UInt8>?, lower: UnsafePointer<UInt8>?, share: Int32, channels: Int,
    into target: UnsafeMutablePointer<UInt8>
  ) {
    for (column, tap) in columns.enumerated() {
      for channel in 0..<channels {
        let first = tap.first * channels + channel
        let above = unsafe blend(upper, tap, first, first + channels)
        let below = unsafe blend(lower, tap, first, first + channels)
        let sum = above * (32 - share) + below * share
        unsafe target[column * channels + channel] = UInt8(truncatingIfNeeded: (sum + 512) >> 10)
      }
    }
  }

  private func blend(_ row: UnsafePointer<UInt8>?, _ tap: Tap, _ first: Int, _ second: Int) -> Int32 {
    guard let row = unsafe row else { return 0 }
    let left = unsafe tap.first >= 0 && tap.first < pictureSize.width ? Int32(row[first]) : 0
    let right = unsafe tap.first >= -1 && tap.first + 1 < pictureSize.width ? Int32(row[second]) : 0
    return left * (32 - tap.share) + right * tap.share
  }
}
