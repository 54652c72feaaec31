import MTLGraph
import MTLNetworks

/// Reads a network's maps at the pixels of the picture that it was run on: bilinear between the four nearest values, row
/// by row, so that maps of the picture's size are never written. Beyond the outermost values the map goes on as it ends.
public struct MapSampler {
  public let maps: FeatureMaps
  /// Of the upright picture.
  public let width: Int
  public let height: Int
  private let columns: [Tap]
  private let rows: [Tap]
  /// One row of one map, between its two nearest rows.
  private var line: [Float]

  /// Where a pixel lies between two values of a map.
  private struct Tap {
    let first: Int
    let second: Int
    let share: Float
  }

  /// - Parameters:
  ///   - input: size of the network's input, of which the maps are an even part.
  ///   - upsampling: how the network's training code resizes the maps to the input.
  public init(
    _ maps: FeatureMaps, input: (width: Int, height: Int), placement: Placement, picture: (width: Int, height: Int),
    upsampling: TaskDescription.Upsampling
  ) {
    self.maps = maps
    (width, height) = picture
    columns = MapSampler.taps(
      picture.width, of: maps.width, input: input.width, scale: placement.scaleX, offset: placement.offsetX, upsampling)
    rows = MapSampler.taps(
      picture.height, of: maps.height, input: input.height, scale: placement.scaleY, offset: placement.offsetY,
      upsampling)
    line = [Float](repeating: 0, count: maps.width)
  }

  private static func taps(
    _ count: Int, of size: Int, input: Int, scale: Float, offset: Float, _ upsampling: TaskDescription.Upsampling
  ) -> [Tap] {
    (0..<count).map { pixel in
      // The pixel's centre in the input, in pixels from the centre of the first one.
      let place = (Double(pixel) + 0.5 - Double(offset)) / Double(scale) - 0.5
      let position =
        switch upsampling {
        case .centers: (place + 0.5) * Double(size) / Double(input) - 0.5
        case .corners: place * Double(size - 1) / Double(max(input - 1, 1))
        }
      let inside = min(max(position, 0), Double(size - 1))
      let first = Int(inside)
      return Tap(first: first, second: min(first + 1, size - 1), share: Float(inside - Double(first)))
    }
  }

  /// Writes the values of one map along a row of the picture over `values`, which has `width` places.
  mutating func sample(channel: Int, row: Int, into values: inout [Float]) {
    let tap = rows[row]
    for column in 0..<maps.width {
      let upper = maps[channel, tap.first, column]
      line[column] = tap.share == 0 ? upper : upper + (maps[channel, tap.second, column] - upper) * tap.share
    }
    for column in 0..<width {
      let tap = columns[column]
      let left = line[tap.first]
      values[column] = tap.share == 0 ? left : left + (line[tap.second] - left) * tap.share
    }
  }
}
