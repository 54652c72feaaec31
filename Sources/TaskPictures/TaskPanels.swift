import MTLGraph
import MTLTasks

/// Panels of the kinds of tasks. `picture` is the upright picture that a map belongs to, of the same size.
extension Panel {
  /// The picture itself.
  public static func input(_ picture: Raster, title: String) -> Panel {
    Panel(title: title, raster: picture, legend: .lines([]))
  }

  /// Least share of the pixels that puts a class into the legend.
  private static let leastShare: Float = 0.001

  /// Classes in the palette's colours, Pascal VOC's where it has none; `over` a picture they let it shine through.
  public static func segmentation(
    _ map: LabelMap, title: String, labels: [String], palette: [Color] = [], over picture: Raster? = nil
  ) -> Panel {
    let colors = map.counts.indices.map { palette.indices.contains($0) ? palette[$0] : Color.ofClass($0) }
    let raster = Raster(width: map.width, height: map.height) { index in
      let color = colors[Int(map.labels[index])]
      return picture.map { $0[index].mixed(with: color, share: 0.55) } ?? color
    }
    let total = Float(max(map.labels.count, 1))
    let found = map.counts.indices.filter { Float(map.counts[$0]) >= leastShare * total }
      .sorted { map.counts[$0] > map.counts[$1] }
    let legend = found.map { index in
      let name = labels.indices.contains(index) ? labels[index] : "\(index)"
      return (color: colors[index], name: "\(name) \(rounded(100 * Float(map.counts[index]) / total)) %")
    }
    return Panel(title: title, raster: raster, legend: .classes(legend))
  }

  /// Distances: what is near is bright. Disparities: what is large is bright, which is near as well.
  public static func measured(_ map: ScalarMap, title: String, unit: String?, isDistance: Bool) -> Panel {
    let range = map.range(without: 0.01) ?? (0, 0, 1)
    let width = max(range.high - range.low, .leastNormalMagnitude)
    let raster = Raster(width: map.width, height: map.height) { index in
      let position = (map.values[index] - range.low) / width
      return ColorRamp.standard.color(isDistance ? 1 - position : position)
    }
    // The scale runs from dark to bright.
    let legend =
      isDistance
      ? Legend.range(low: range.high, high: range.low, unit: unit)
      : .range(low: range.low, high: range.high, unit: unit)
    return Panel(title: title, raster: raster, legend: legend)
  }

  /// Directions as colours: -1 to 1 of x, y and z is black to full red, green and blue.
  public static func normals(_ map: NormalMap, title: String) -> Panel {
    func level(_ value: Float) -> UInt8 { UInt8(min(max((value + 1) * 127.5, 0), 255)) }
    let raster = Raster(width: map.width, height: map.height) { index in
      Color(level(map.vectors[3 * index]), level(map.vectors[3 * index + 1]), level(map.vectors[3 * index + 2]))
    }
    let legend: [(color: Color, name: String)] = [
      (Color(255, 128, 128), "+x"), (Color(0, 128, 128), "-x"), (Color(128, 255, 128), "+y"),
      (Color(128, 0, 128), "-y"), (Color(128, 128, 255), "+z"), (Color(128, 128, 0), "-z"),
    ]
    return Panel(title: title, raster: raster, legend: .classes(legend))
  }

  /// Probabilities, 0 to 1.
  public static func probable(_ map: ScalarMap, title: String) -> Panel {
    let raster = Raster(width: map.width, height: map.height) { ColorRamp.standard.color(map.values[$0]) }
    return Panel(title: title, raster: raster, legend: .range(low: 0, high: 1, unit: nil))
  }
}

/// An object to be drawn, in pixels of the picture.
public struct DrawnObject: Sendable {
  public let label: String
  /// Index of its class, for the colour.
  public let index: Int
  public let box: Box
  public let points: [Point]

  public init(label: String, index: Int, box: Box, points: [Point]) {
    (self.label, self.index, self.box, self.points) = (label, index, box, points)
  }
}

extension Panel {
  /// Boxes and key points on the picture.
  public static func objects(
    _ objects: [DrawnObject], title: String, on picture: Raster
  ) throws(MTLError) -> Panel {
    let canvas = try Canvas(width: picture.width, height: picture.height, background: .white)
    try canvas.draw(picture, 0, 0, Double(picture.width), Double(picture.height))
    let size = min(max(Double(picture.width) / 40, 9), 24)
    for object in objects.reversed() {
      let color = Color.ofClass(object.index + 1)
      let (left, top) = (Double(object.box.left), Double(object.box.top))
      canvas.frame(
        left, top, Double(object.box.right) - left, Double(object.box.bottom) - top, color, line: size / 6)
      canvas.fill(left, top - size * 1.2, canvas.measure(object.label, size: size) + size / 2, size * 1.2, color)
      let isDark = Int(color.red) + Int(color.green) + Int(color.blue) < 384
      canvas.write(object.label, left + size / 4, top - size * 0.3, size: size, isDark ? .white : .ink)
      for point in object.points { canvas.disc(Double(point.x), Double(point.y), radius: size / 5, color) }
    }
    return Panel(
      title: title, raster: canvas.raster(),
      legend: .lines([objects.count == 1 ? "1 object" : "\(objects.count) objects"]))
  }

  /// A task that answers for the whole picture.
  public static func words(_ lines: [String], title: String, picture: Raster) -> Panel {
    Panel(title: title, raster: picture, legend: .lines(lines))
  }
}
