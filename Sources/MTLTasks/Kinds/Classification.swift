import Glibc
import MTLNetworks

/// The answer of a classification task for one image.
public struct Classification: Sendable, Equatable {
  /// Index of the most probable class; the first of several equal ones.
  public let index: Int
  /// Its probability, 0 to 1.
  public let confidence: Float

  /// Reads one row of a network's output; nil when it is empty or holds no number.
  @unsafe public init?(_ values: UnsafeBufferPointer<Float>, form: TaskDescription.Form) {
    var best: Int?
    for index in values.indices where unsafe !values[index].isNaN {
      if let previous = best, unsafe values[index] <= values[previous] { continue }
      best = index
    }
    guard let best else { return nil }
    index = best
    switch form {
    case .probabilities: confidence = unsafe values[best]
    case .logProbabilities: confidence = unsafe exp(values[best])
    case .logits, .cumulative:
      let largest = unsafe values[best]
      // Equal values have equal shares, infinite ones too; what is no number has none.
      confidence =
        unsafe 1
        / values.reduce(0) { sum, value in
          value.isNaN ? sum : sum + (value == largest ? 1 : exp(value - largest))
        }
    }
  }
}
