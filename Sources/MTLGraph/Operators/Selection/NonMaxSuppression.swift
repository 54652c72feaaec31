/// Indices of boxes that no better box of their class overlaps too much: rows of image, class, box.
public struct NonMaxSuppression: GeneralOperator, StandardOperator {
  public static let name = "NonMaxSuppression"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      NonMaxSuppression(hasCenters: try attributes.flag("center_point_box"))
    }
  ]
  /// Whether boxes are centre x, y, width, height, and not two opposite corners y, x, y, x.
  private let hasCenters: Bool

  init(hasCenters: Bool) {
    self.hasCenters = hasCenters
  }

  private struct Corners {
    let top, left, bottom, right: Double
    var area: Double { (bottom - top) * (right - left) }

    func overlap(with other: Corners) -> Double {
      let height = min(bottom, other.bottom) - max(top, other.top)
      let width = min(right, other.right) - max(left, other.left)
      guard height > 0, width > 0 else { return 0 }
      let common = height * width
      let union = area + other.area - common
      return union > 0 ? common / union : 0
    }
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let (boxes, scores) = (try inputs.required(0), try inputs.required(1))
    if let shape = boxes.shape, let other = scores.shape {
      guard shape.rank == 3, shape[2] == 4, other.rank == 3, other[0] == shape[0], other[2] == shape[1] else {
        throw MTLError(
          .shapeMismatch, "boxes, scores", expected: "N x B x 4 and N x C x B", found: "\(shape), \(other)")
      }
    }
    return [Fact(.int64, nil)]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (boxes, scores) = (try inputs.required(0), try inputs.required(1))
    _ = try infer(inputs.map { $0.map { Fact($0) } })
    let most = inputs.optional(2)?.integers().first ?? 0
    let largestOverlap = inputs.optional(3)?.doubles().first ?? 0
    let leastScore = inputs.optional(4)?.doubles().first
    let (numbers, values) = (boxes.doubles(), scores.doubles())
    let (count, classes) = (boxes.shape[1], scores.shape[1])
    var rows: [Int] = []
    for image in 0..<boxes.shape[0] {
      let places = (0..<count).map { box in
        let start = (image * count + box) * 4
        return corners(Array(numbers[start..<start + 4]))
      }
      for label in 0..<classes {
        let line = (0..<count).map { values[(image * classes + label) * count + $0] }
        let order = line.indices.filter { leastScore == nil || line[$0] > leastScore ?? 0 }
          .sorted { line[$0] > line[$1] || (line[$0] == line[$1] && $0 < $1) }
        var kept: [Int] = []
        for box in order where kept.count < most {
          if kept.allSatisfy({ places[box].overlap(with: places[$0]) <= largestOverlap }) { kept.append(box) }
        }
        rows += kept.flatMap { [image, label, $0] }
      }
    }
    return [Tensor(rows, as: .int64, shape: [rows.count / 3, 3])]
  }

  private func corners(_ box: [Double]) -> Corners {
    guard !hasCenters else {
      return Corners(
        top: box[1] - box[3] / 2, left: box[0] - box[2] / 2, bottom: box[1] + box[3] / 2, right: box[0] + box[2] / 2)
    }
    return Corners(
      top: min(box[0], box[2]), left: min(box[1], box[3]), bottom: max(box[0], box[2]), right: max(box[1], box[3]))
  }
}
