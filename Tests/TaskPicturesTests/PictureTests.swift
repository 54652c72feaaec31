import MTLGraph
import MTLNetworks
import MTLTasks
import TestSupport
import Testing

@testable import TaskPictures

@Suite struct PictureTests {
  /// Of Pascal VOC's own colour map: background, aeroplane, bicycle, person, tvmonitor, void.
  @Test func classesHaveTheColoursOfVOC() {
    let expected: [Int: [UInt8]] = [
      0: [0, 0, 0], 1: [128, 0, 0], 2: [0, 128, 0], 15: [192, 128, 128], 20: [0, 64, 128], 255: [224, 224, 192],
    ]
    for (index, color) in expected {
      let found = Color.ofClass(index)
      #expect([found.red, found.green, found.blue] == color, "class \(index)")
    }
  }

  /// In grey as well: the luma of BT.709 grows, by steps that are no more than a few levels apart.
  @Test func theRampGrowsBrighterEvenly() {
    let lumas = (0..<256).map { step in
      let color = ColorRamp.standard.color(Float(step) / 255)
      return 0.2126 * Double(color.red) + 0.7152 * Double(color.green) + 0.0722 * Double(color.blue)
    }
    #expect(zip(lumas, lumas.dropFirst()).allSatisfy { -0.5 <= $1 - $0 && $1 - $0 <= 3 })
    #expect(lumas[0] < 25 && lumas[255] > 215)
    #expect(ColorRamp.standard.color(-5) == ColorRamp.standard.color(0))
    #expect(ColorRamp.standard.color(.nan) == Color(128, 128, 128))
  }

  private func map(_ values: [Float], width: Int, _ body: (MapSampler) throws -> Void) throws {
    try unsafe values.withUnsafeBufferPointer { buffer in
      let height = 2
      let maps = unsafe FeatureMaps(
        base: try #require(buffer.baseAddress), channels: values.count / (width * height), height: height, width: width)
      try body(
        MapSampler(
          maps, input: (width, height), placement: .identity, picture: (width, height), upsampling: .centers))
    }
  }

  @Test func classesShowTheirColours() throws {
    // Two classes: the left column is the second one's.
    try map([0, 9, 9, 0, 9, 9, 9, 0, 0, 9, 0, 0], width: 3) { sampler in
      let labels = try #require(LabelMap(sampler, form: .logits))
      let panel = Panel.segmentation(labels, title: "t", labels: ["void", "cup"])
      #expect((0..<6).map { panel.raster[$0] == Color(128, 0, 0) } == [true, false, false, true, false, false])
      guard case .classes(let entries) = panel.legend else {
        Issue.record("no legend of classes")
        return
      }
      #expect(entries.map(\.name) == ["void 66.7 %", "cup 33.3 %"])
      let white = Raster(width: 3, height: 2) { _ in .white }
      #expect(Panel.segmentation(labels, title: "t", labels: [], over: white).raster[1] == Color(114, 114, 114))
    }
  }

  @Test func whatIsNearIsBright() throws {
    try map([1, 2, 3, 3, 2, 1], width: 3) { sampler in
      let depth = try #require(ScalarMap(measured: sampler))
      let panel = Panel.measured(depth, title: "depth", unit: "m", isDistance: true)
      #expect(panel.raster[0] == ColorRamp.standard.color(1) && panel.raster[2] == ColorRamp.standard.color(0))
      let inverse = Panel.measured(depth, title: "disparity", unit: nil, isDistance: false)
      #expect(inverse.raster[0] == ColorRamp.standard.color(0))
    }
  }

  @Test func panelsStandSideBySide() throws {
    let red = Raster(width: 40, height: 30) { _ in Color(200, 0, 0) }
    let blue = Raster(width: 40, height: 30) { _ in Color(0, 0, 200) }
    let panels = [
      Panel.input(red, title: "a"), Panel.words(["yes (99 %)"], title: "b", picture: blue),
      Panel(title: "c", raster: red, legend: .range(low: 0, high: 2, unit: "m")),
    ]
    let sheet = try Sheet.draw(panels, columns: 2, panelWidth: 300)
    #expect(sheet.width == 633, "two panels of 300 and three gaps of 11")
    func color(_ x: Int, _ y: Int) -> Color { sheet[y * sheet.width + x] }
    #expect(color(100, 100) == Color(200, 0, 0) && color(500, 100) == Color(0, 0, 200))
    #expect(color(100, sheet.height - 100) == Color(200, 0, 0))
    #expect(color(500, sheet.height - 100) == .paper)
    let ink = (0..<sheet.width * sheet.height).count { sheet[$0] == .ink }
    #expect(ink > 15, "titles and legends are written")
  }

  @Test func objectsAreFramed() throws {
    let gray = Raster(width: 100, height: 80) { _ in Color(90, 90, 90) }
    let object = DrawnObject(
      label: "cup", index: 0, box: Box(left: 20, top: 30, right: 60, bottom: 70), points: [Point(x: 40, y: 50)])
    let panel = try Panel.objects([object], title: "detection", on: gray)
    #expect(panel.raster[50 * 100 + 40] == Color(128, 0, 0), "the point")
    #expect(panel.raster[70 * 100 + 40].red > 100, "the lower side")
    #expect(panel.raster[45 * 100 + 30] == Color(90, 90, 90))
  }

  @Test func numbersAreShort() {
    #expect(
      [0, 2.345, 23.45, 234.5, -0.04, 0.001, 1e9].map(rounded) == [
        "0.00", "2.35", "23.5", "235", "-0.04", "0.00", "1e+09",
      ])
  }

  @Test func picturesThatAreTooLargeAreRefused() {
    #expect(throws: MTLError.self) { try Canvas(width: 40_000, height: 10, background: .white) }
    #expect(throws: MTLError.self) { try Sheet.draw([], columns: 1, panelWidth: nil) }
  }
}
