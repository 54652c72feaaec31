import Glibc
import MTLGraph
import MTLNetworks

/// How far one output of a task is from another one that is taken for right, where no labels tell: what quantization costs.
public struct AnswerDistance: Sendable {
  private let kind: TaskDescription.Kind
  private let form: TaskDescription.Form

  public init(_ task: TaskDescription) {
    (kind, form) = (task.kind, task.form)
  }

  /// "points" of a hundred: how many pixels get another class; of a whole picture, how much probability goes to others, as
  /// a few pictures show no change of classes. "degrees" between normals. "%": the mean difference in relation to the mean
  /// number.
  public var unit: String {
    switch kind {
    case .classification, .segmentation, .partSegmentation: "points"
    case .normals: "degrees"
    default: "%"
    }
  }

  /// What is wrong, and of how much: sums over several outputs, the first divided by the second, are the distance in
  /// `unit`. Outputs of one shape.
  public func measure(_ exact: Tensor, _ other: Tensor) -> (wrong: Double, all: Double) {
    let (left, right) = (exact.numbers(), other.numbers())
    let shape = exact.shape.dimensions
    guard left.count == right.count, shape.count >= 2, shape[1] > 0 else { return (0, 0) }
    switch kind {
    case .classification: return movedProbability(left, right, shape)
    case .segmentation, .partSegmentation: return changedClasses(left, right, shape)
    case .normals: return angles(left, right, shape)
    default:
      let wrong = zip(left, right).reduce(0.0) { $0 + Double(($1.0 - $1.1).magnitude) }
      return (100 * wrong, left.reduce(0.0) { $0 + Double($1.magnitude) })
    }
  }

  private func movedProbability(_ left: [Float], _ right: [Float], _ shape: [Int]) -> (wrong: Double, all: Double) {
    var (wrong, all) = (0.0, 0.0)
    AnswerDistance.forEachPixel(shape) { first, step in
      func probabilities(_ values: [Float]) -> [Double] {
        let own = (0..<shape[1]).map { Double(values[first + $0 * step]) }
        if form == .probabilities { return own }
        let largest = own.max() ?? 0
        let powers = own.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
      }
      wrong += zip(probabilities(left), probabilities(right)).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
      all += 1
    }
    return (100 * wrong, all)
  }

  private func changedClasses(_ left: [Float], _ right: [Float], _ shape: [Int]) -> (wrong: Double, all: Double) {
    var (wrong, all) = (0, 0)
    AnswerDistance.forEachPixel(shape) { first, step in
      func best(_ values: [Float]) -> Int {
        (1..<shape[1]).reduce(0) { values[first + $1 * step] > values[first + $0 * step] ? $1 : $0 }
      }
      if shape[1] > 1, best(left) != best(right) { wrong += 1 }
      all += 1
    }
    return (100 * Double(wrong), Double(all))
  }

  private func angles(_ left: [Float], _ right: [Float], _ shape: [Int]) -> (wrong: Double, all: Double) {
    var (wrong, all) = (0.0, 0.0)
    AnswerDistance.forEachPixel(shape) { first, step in
      func product(_ a: [Float], _ b: [Float]) -> Double {
        (0..<shape[1]).reduce(0) { $0 + Double(a[first + $1 * step]) * Double(b[first + $1 * step]) }
      }
      let lengths = sqrt(product(left, left) * product(right, right))
      guard lengths > 0 else { return }
      wrong += acos(max(-1, min(product(left, right) / lengths, 1))) * 180 / .pi
      all += 1
    }
    return (wrong, all)
  }

  /// Calls `body` with the place of each pixel's first channel, and the way to the next channel.
  private static func forEachPixel(_ shape: [Int], _ body: (_ first: Int, _ step: Int) -> Void) {
    let step = shape.dropFirst(2).reduce(1, *)
    for image in 0..<shape[0] {
      for pixel in 0..<step { body(image * shape[1] * step + pixel, step) }
    }
  }
}
