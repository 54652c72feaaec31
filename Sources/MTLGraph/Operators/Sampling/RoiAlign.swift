/// Pools regions of images to one size, from bilinear samples in each cell (He et al., "Mask R-CNN", 2017).
public struct RoiAlign: GeneralOperator, StandardOperator {
  enum Mode: String, Sendable, CaseIterable { case avg, max }
  enum Coordinates: String, Sendable, CaseIterable {
    /// Pixel centres at half positions.
    case halfPixel = "half_pixel"
    case outputHalfPixel = "output_half_pixel"
  }

  public static let name = "RoiAlign"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in try RoiAlign(attributes) }
  ]
  /// Along each axis of a cell.
  private static let mostSamples = 256
  private let mode: Mode
  private let coordinates: Coordinates
  private let rows: Int
  private let columns: Int
  private let samples: Int
  private let scale: Float

  init(_ attributes: Attributes) throws(MTLError) {
    mode = try attributes.choice("mode", default: .avg)
    coordinates = try attributes.choice(
      "coordinate_transformation_mode", default: attributes.opset < 16 ? .outputHalfPixel : .halfPixel)
    rows = try attributes.integer("output_height", default: 1)
    columns = try attributes.integer("output_width", default: 1)
    samples = try attributes.integer("sampling_ratio", default: 0)
    scale = try attributes.float("spatial_scale", default: 1)
    for size in [rows, columns] where !(1...Window.maximumSide).contains(size) {
      throw MTLError(.limit, "output size", expected: "1 to \(Window.maximumSide)", found: "\(size)")
    }
    guard (0...64).contains(samples) else {
      throw MTLError(.limit, "sampling_ratio", expected: "0 to 64", found: "\(samples)")
    }
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (x, rois, indices) = (try inputs.required(0), try inputs.required(1), try inputs.required(2))
    guard let shape = x.shape, let regions = rois.shape else { return [Fact(x.type, nil)] }
    guard shape.rank == 4, shape[2] > 0, shape[3] > 0, regions.rank == 2, regions[1] == 4,
      indices.shape.map({ $0.dimensions == [regions[0]] }) ?? true
    else { throw MTLError(.shapeMismatch, "rois", expected: "R x 4 for an image, and R indices", found: "\(regions)") }
    return [Fact(x.type, try Shape(checking: [regions[0], shape[1], rows, columns], of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (x, shape) = (try inputs.required(0), try outputShape(inputs))
    let (values, rois) = (x.doubles(), try inputs.required(1).doubles())
    let images = try inputs.required(2).places(within: x.shape[0])
    let (height, width) = (x.shape[2], x.shape[3])
    var result: [Double] = []
    result.reserveCapacity(shape.elementCount)
    for region in 0..<shape[0] {
      let offset = coordinates == .halfPixel ? 0.5 : 0
      let box = (0..<4).map { rois[region * 4 + $0] * Double(scale) - offset }
      guard box.allSatisfy({ abs($0) < 1e6 }) else {
        throw MTLError(.shapeMismatch, "rois", expected: "places near the image", found: "\(box)")
      }
      var (w, h) = (box[2] - box[0], box[3] - box[1])
      if coordinates == .outputHalfPixel { (w, h) = (max(w, 1), max(h, 1)) }
      let (cellWidth, cellHeight) = (w / Double(columns), h / Double(rows))
      let across = samples > 0 ? samples : min(max(Int(cellWidth.rounded(.up)), 0), RoiAlign.mostSamples)
      let down = samples > 0 ? samples : min(max(Int(cellHeight.rounded(.up)), 0), RoiAlign.mostSamples)
      for channel in 0..<shape[1] {
        let plane = (images[region] * shape[1] + channel) * height * width
        for row in 0..<rows {
          for column in 0..<columns {
            var (sum, largest) = (0.0, -Double.infinity)
            for i in 0..<down {
              let y = box[1] + (Double(row) + (Double(i) + 0.5) / Double(down)) * cellHeight
              for j in 0..<across {
                let place = box[0] + (Double(column) + (Double(j) + 0.5) / Double(across)) * cellWidth
                let taps = RoiAlign.taps(y, place, height, width).map { $0.weight * values[plane + $0.pixel] }
                sum += taps.reduce(0, +)
                largest = max(largest, taps.max() ?? 0)
              }
            }
            let count = Double(max(across * down, 1))
            result.append(mode == .avg ? sum / count : (largest == -.infinity ? 0 : largest))
          }
        }
      }
    }
    return [Tensor(result, as: x.type, shape: shape)]
  }

  /// The four pixels around a place, none where it is more than a pixel outside.
  private static func taps(_ y: Double, _ x: Double, _ height: Int, _ width: Int) -> [(pixel: Int, weight: Double)] {
    guard y >= -1, y <= Double(height), x >= -1, x <= Double(width) else { return [] }
    let (row, column) = (min(max(y, 0), Double(height - 1)), min(max(x, 0), Double(width - 1)))
    let (top, left) = (Int(row), Int(column))
    let (bottom, right) = (min(top + 1, height - 1), min(left + 1, width - 1))
    let (down, across) = (row - Double(top), column - Double(left))
    return [
      (top * width + left, (1 - down) * (1 - across)), (top * width + right, (1 - down) * across),
      (bottom * width + left, down * (1 - across)), (bottom * width + right, down * across),
    ]
  }
}
