import Glibc
import MTLNetworks

/// The answer of a task with several labels, each of which may hold.
public struct MultiLabel: Sendable, Equatable {
  /// Of each label, 0 to 1, independent of the others.
  public let probabilities: [Float]

  public init(_ values: some Sequence<Float>, form: TaskDescription.Form) {
    probabilities = values.map { value in
      switch form {
      case .logits, .cumulative: sigmoid(value)
      case .probabilities: value
      case .logProbabilities: exp(value)
      }
    }
  }

  /// Labels that are more likely than not, most likely first.
  public var holding: [Int] {
    probabilities.indices.filter { probabilities[$0] > 0.5 }
      .sorted { (-probabilities[$0], $0) < (-probabilities[$1], $1) }
  }
}
