import MTLGraph
import MTLNetworks
import TestSupport
import Testing

@testable import MTLTasks

@Suite("Pages of text") struct PageTests {
  /// A grey page of lines of letters of upright strokes, some with ascenders, on paper that darkens to one side.
  private struct Page {
    var width = 400
    var height = 500
    var letterHeight = 12
    /// Rows that a line falls from left to right.
    var slope = 0
    var grain = 0
    var seed: UInt64 = 1

    func pixels() -> [UInt8] {
      var random = SeededRandom(seed: seed)
      let noise = random.floats(width * height, in: -1...1)
      let strokes = random.floats(4096, in: 0...1)
      var pixels = (0..<width * height).map { place in
        UInt8(clamping: 225 - place % width * 60 / width + Int(noise[place] * Float(grain)))
      }
      var stroke = 0
      for line in 1..<max(height / (letterHeight * 5 / 2) - 1, 2) {
        var x = width / 12
        while x < width * 11 / 12 {
          stroke = (stroke + 1) % strokes.count
          let base = line * letterHeight * 5 / 2 + slope * x / width
          let rise = strokes[stroke] < 0.15 ? letterHeight * 6 / 10 : 0
          for row in base - letterHeight - rise..<base where row >= 0 && row < height {
            for column in x..<min(x + max(letterHeight / 5, 1), width) { pixels[row * width + column] = 40 }
          }
          x += max(letterHeight / 5, 1) * 2 + (strokes[stroke] > 0.8 ? letterHeight / 2 : 0)
        }
      }
      return pixels
    }
  }

  private func withView<Answer>(
    _ pixels: [UInt8], _ width: Int, _ height: Int, orientation: Int = 1, _ body: (PixelView) throws -> Answer
  ) throws -> Answer {
    try unsafe pixels.withUnsafeBytes { bytes in
      try body(
        unsafe PixelView(
          data: bytes.baseAddress, byteCount: UInt64(bytes.count), rowStride: Int64(width), width: width,
          height: height, format: .gray8, orientation: orientation))
    }
  }

  @Test(arguments: [5, 8, 12, 20, 33], [0, 6]) func heightOfText(_ letterHeight: Int, _ slope: Int) throws {
    let page = Page(letterHeight: letterHeight, slope: slope, grain: 12, seed: UInt64(letterHeight))
    let found = try withView(page.pixels(), page.width, page.height) { TextHeight.estimate(InkMap($0)) }
    // A falling line is higher within a strip.
    let room = 0.15 * Double(letterHeight) + Double(slope) / 4 + 1
    #expect(abs(try #require(found) - Double(letterHeight)) <= room, "\(found ?? 0) for \(letterHeight)")
  }

  @Test func pagesWithoutText() throws {
    for value: UInt8 in [0, 128, 255] {
      let pixels = [UInt8](repeating: value, count: 90 * 70)
      #expect(try withView(pixels, 90, 70) { TextHeight.estimate(InkMap($0)) } == nil)
      #expect(throws: MTLError.self) {
        try withView(pixels, 90, 70) {
          try PageCrops($0, textHeight: nil, PageDescription(textHeight: 8), input: (64, 64))
        }
      }
      // A height that is given is believed.
      let crops = try withView(pixels, 90, 70) {
        try PageCrops($0, textHeight: 4, PageDescription(textHeight: 8), input: (64, 64))
      }
      #expect(crops.regions.count == 9 && crops.regions.allSatisfy { $0.width == 32 && $0.height == 32 })
    }
    #expect(try withView([7], 1, 1) { TextHeight.estimate(InkMap($0)) } == nil)
  }

  /// Crops are as large as makes the text as high as the network knows it, lie in the page, and show text.
  @Test(arguments: [0.0, 0.5]) func crops(_ overlap: Double) throws {
    var page = Page(width: 300, height: 400, letterHeight: 10)
    page.seed = 3
    // The lower half is empty.
    let pixels = Array(page.pixels()[..<(300 * 200)]) + [UInt8](repeating: 230, count: 300 * 200)
    let crops = try withView(pixels, 300, 400) {
      try PageCrops($0, textHeight: 10, PageDescription(textHeight: 8, overlap: overlap), input: (64, 48))
    }
    #expect(crops.textHeight == 10)
    #expect(crops.regions.allSatisfy { $0.width == 80 && $0.height == 60 && $0.x + 80 <= 300 && $0.y + 60 <= 400 })
    #expect(crops.regions.allSatisfy { $0.y < 200 } && crops.regions.contains { $0.x + 80 == 300 })
    let limited = try withView(pixels, 300, 400) {
      try PageCrops($0, textHeight: 10, PageDescription(textHeight: 8, overlap: overlap, limit: 3), input: (64, 48))
    }
    #expect(limited.regions.count == 3 && Set(limited.regions.map(\.y)).count > 1)
    // Larger than the page.
    let whole = try withView(pixels, 300, 400) {
      try PageCrops($0, textHeight: 100, PageDescription(textHeight: 1), input: (64, 48))
    }
    #expect(whole.regions.count == 1 && whole.regions[0].width == 300 && whole.regions[0].height == 400)
  }

  /// A crop of a turned picture is what the turned picture shows there.
  @Test(arguments: 1...8) func cropsOfTurnedPictures(_ orientation: Int) throws {
    let pixels = (0..<30).map { UInt8($0 * 8) }
    try withView(pixels, 6, 5, orientation: orientation) { view in
      let all = view.rgb()
      let part = view.cropped(to: PixelView.Region(x: 1, y: 2, width: 3, height: 2)).rgb()
      let expected = (0..<2).flatMap { row in
        (0..<9).map { all[((row + 2) * view.size.width + 1) * 3 + $0] }
      }
      #expect(part == expected)
    }
  }

  private static let forms: [(TaskDescription.Kind, TaskDescription.Form)] = [
    (.classification, .logits), (.classification, .probabilities), (.classification, .logProbabilities),
    (.multiLabel, .logits), (.multiLabel, .probabilities), (.multiLabel, .logProbabilities), (.ordinal, .cumulative),
    (.ordinal, .logits),
  ]

  /// What is said of two crops is the mean of the probabilities of both.
  @Test(arguments: forms) func meansOfProbabilities(_ kind: TaskDescription.Kind, _ form: TaskDescription.Form) throws {
    let rows: [[Float]] =
      switch form {
      case .probabilities: [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]
      case .logProbabilities: [[-0.1, -3, -4], [-2, -0.5, -1.5]]
      case .logits, .cumulative: [[3, -1, 0.5], [-2, 4, 0]]
      }
    let task = TaskDescription(name: "t", kind: kind, form: form)
    var average = try #require(CropAverage(task, values: 3))
    for row in rows { average.add(row) }
    func probabilities(_ row: [Float]) throws -> [Float] {
      switch kind {
      case .multiLabel: MultiLabel(row, form: form).probabilities
      default: try #require(Ordinal(row, form: form)).probabilities
      }
    }
    let each = try rows.map(probabilities)
    let expected = zip(each[0], each[1]).map { ($0 + $1) / 2 }
    if kind == .ordinal, form == .cumulative {
      // Means of what lies above each class; differences are clipped in each answer alone.
      let passed = rows.map { $0.map(sigmoid) }
      let means = zip(passed[0], passed[1]).map { ($0 + $1) / 2 }
      #expect(largestDifference(average.values.map(sigmoid), means) <= 1e-5)
    } else {
      #expect(largestDifference(try probabilities(average.values), expected) <= 1e-5)
    }
  }

  @Test func meansOfNumbers() throws {
    var average = try #require(CropAverage(TaskDescription(name: "t", kind: .regression), values: 2))
    average.add([1, -2])
    average.add([2, 4])
    #expect(average.values == [1.5, 1])
    #expect(CropAverage(TaskDescription(name: "t", kind: .depth), values: 2) == nil)
    // Where one crop is sure, and where all are.
    var sure = try #require(CropAverage(TaskDescription(name: "t", kind: .multiLabel), values: 1))
    sure.add([.infinity])
    #expect(MultiLabel(sure.values, form: .logits).probabilities == [1])
  }
}
