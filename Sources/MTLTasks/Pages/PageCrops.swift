import MTLGraph
import MTLNetworks

/// The crops of a page that a network sees, in pixels of the upright picture.
public struct PageCrops: Sendable {
  /// Of the page, as given or estimated, in its own pixels.
  public let textHeight: Double
  public let regions: [PixelView.Region]

  /// A crop with less ink than this share of what crops with text have says nothing of it.
  private static let leastInk = 0.25
  /// Crops with this share of the fullest one's ink have some text.
  private static let someInk = 0.1

  /// - Parameters:
  ///   - textHeight: nil estimates it.
  ///   - input: sides of the network's input in pixels.
  /// - Throws: `.badFormat` for a page on which no line of text is found, if no height is given.
  public init(
    _ page: PixelView, textHeight given: Double?, _ description: PageDescription, input: (width: Int, height: Int)
  ) throws(MTLError) {
    let ink = InkMap(page)
    guard let found = given ?? TextHeight.estimate(ink) else {
      throw MTLError(.badFormat, "page", "no line of text was found; give the height of its text")
    }
    textHeight = found
    let scale = found / description.textHeight
    func side(_ input: Int, _ page: Int) -> Int { min(max(Int((Double(input) * scale).rounded()), 1), page) }
    let (width, height) = (side(input.width, page.size.width), side(input.height, page.size.height))
    var all: [PixelView.Region] = []
    for y in PageCrops.places(page.size.height, height, description.overlap) {
      for x in PageCrops.places(page.size.width, width, description.overlap) {
        all.append(PixelView.Region(x: x, y: y, width: width, height: height))
      }
    }
    let shares = all.map(ink.share)
    let most = shares.max() ?? 0
    let inked = shares.filter { $0 >= PageCrops.someInk * most }.sorted()
    let usual = inked[inked.count / 2]
    let written = zip(all, shares).filter { $0.1 >= PageCrops.leastInk * usual }.map(\.0)
    let count = min(written.count, description.limit)
    regions = (0..<count).map { written[$0 * written.count / count] }
  }

  /// Where crops begin along a side: evenly from edge to edge, overlapping at least as much as asked for.
  private static func places(_ page: Int, _ crop: Int, _ overlap: Double) -> [Int] {
    let step = max(Double(crop) * (1 - overlap), 1)
    let gaps = Int((Double(page - crop) / step).rounded(.up))
    return gaps == 0 ? [0] : (0...gaps).map { (page - crop) * $0 / gaps }
  }
}
