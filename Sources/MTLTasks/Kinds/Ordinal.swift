import Glibc
import MTLNetworks

/// The answer of a task whose classes have an order.
public struct Ordinal: Sendable, Equatable {
  /// Index of the class.
  public let index: Int
  /// Of each class, 0 to 1.
  public let probabilities: [Float]

  /// The mean of the classes' places, weighted by their probabilities: between two classes where the network hesitates.
  public var expectation: Float {
    probabilities.enumerated().reduce(0) { $0 + Float($1.offset) * $1.element }
  }

  public var confidence: Float { probabilities[index] }

  /// Reads one row of a network's output; nil when it is empty or has a value that is no number.
  ///
  /// Of classes the most probable one is the answer, the first of several equal ones. Of cumulative logits it is the number
  /// of classes that are passed with a probability above one half, as in CORAL. Where these probabilities grow from class to
  /// class, which only a network without shared weights can give, they are put in order before classes are told from them.
  public init?(_ values: [Float], form: TaskDescription.Form) {
    guard !values.isEmpty, !values.contains(where: \.isNaN) else { return nil }
    guard form == .cumulative else {
      let shares = Ordinal.shares(values, form)
      var best = 0
      for place in shares.indices where shares[place] > shares[best] { best = place }
      (index, probabilities) = (best, shares)
      return
    }
    let passed = [1] + values.map(sigmoid).sorted(by: >) + [0]
    index = values.count { sigmoid($0) > 0.5 }
    probabilities = (0...values.count).map { passed[$0] - passed[$0 + 1] }
  }

  private static func shares(_ values: [Float], _ form: TaskDescription.Form) -> [Float] {
    switch form {
    case .probabilities: return values
    case .logProbabilities: return values.map { exp($0) }
    case .logits, .cumulative:
      let largest = values.max() ?? 0
      let powers = values.map { $0 == largest ? 1 : exp($0 - largest) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
  }
}
