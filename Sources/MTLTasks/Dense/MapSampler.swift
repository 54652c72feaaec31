import CMTLKernels
import MTLGraph
import MTLNetworks

/// Reads a network's maps at the pixels of the picture that it was run on: bilinear between the four nearest values, row
/// by row, so that maps of the picture's size are never written. Beyond the outermost values the map goes on as it ends.
@safe public struct MapSampler {
  public let maps: FeatureMaps
  /// Of the upright picture.
  public let width: Int
  public let height: Int
  let kernels: UnsafePointer<mtlk_kernel_set>
  private let rows: [Tap]
  /// Where the pixels between a column and the next one begin, for all columns, and how near to that one each pixel is; none
  /// where the pixels are the columns.
  private let starts: [Int32]
  private let shares: [Float]
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
  ///   - instructionSet: one that the processor has.
  public init(
    _ maps: FeatureMaps, input: (width: Int, height: Int), placement: Placement, picture: (width: Int, height: Int),
    upsampling: TaskDescription.Upsampling, instructionSet: Int32 = mtlk_best_isa()
  ) {
    self.maps = maps
    (width, height) = picture
    unsafe kernels = mtlk_kernels(instructionSet) ?? mtlk_kernels(Int32(MTLK_SCALAR))
    let columns = MapSampler.taps(
      picture.width, of: maps.width, input: input.width, scale: placement.scaleX, offset: placement.offsetX, upsampling)
    rows = MapSampler.taps(
      picture.height, of: maps.height, input: input.height, scale: placement.scaleY, offset: placement.offsetY,
      upsampling)
    let isSame = maps.width == width && columns.indices.allSatisfy { columns[$0].first == $0 && columns[$0].share == 0 }
    var starts: [Int32] = []
    if !isSame {
      // A pixel further right is never between columns further left.
      for (pixel, tap) in columns.enumerated() {
        while starts.count <= tap.first { starts.append(Int32(pixel)) }
      }
      while starts.count <= maps.width { starts.append(Int32(width)) }
    }
    self.starts = starts
    shares = isSame ? [] : columns.map(\.share) + [Float](repeating: 0, count: Int(MTLK_LANE))
    line = [Float](repeating: 0, count: maps.width + Int(MTLK_LANE))
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

  /// Memory for a row of the picture, with the room that kernels need behind it.
  func makeRow<Number: Numeric>(_ number: Number) -> [Number] {
    [Number](repeating: number, count: width + Int(MTLK_LANE))
  }

  /// Writes the values of one map along a row of the picture over the first `width` of a row that `makeRow` made; another
  /// one becomes as long.
  mutating func sample(channel: Int, row: Int, into values: inout [Float]) {
    guard maps.width > 0 else { return }
    while values.count < width + Int(MTLK_LANE) { values.append(0) }
    let tap = rows[row]
    let plane = unsafe maps.base + channel * maps.height * maps.width
    unsafe starts.withUnsafeBufferPointer { starts in
      unsafe shares.withUnsafeBufferPointer { shares in
        var row = unsafe mtlk_map_row(
          columns: Int32(maps.width), starts: starts.isEmpty ? nil : starts.baseAddress, shares: shares.baseAddress)
        unsafe kernels.pointee.sample_row(
          &row, plane + tap.first * maps.width, plane + tap.second * maps.width, tap.share, &line, &values)
      }
    }
  }
}
