import Glibc
import MTLNetworks

/// The mean of a task's answers for several crops of one picture, in the form in which the network gives one: of
/// probabilities where there are some, of numbers else.
public struct CropAverage {
  private let kind: TaskDescription.Kind
  private let form: TaskDescription.Form
  private var sums: [Double]
  private var count = 0

  /// nil for a task that answers for pixels or places, of which a mean means nothing.
  public init?(_ task: TaskDescription, values: Int) {
    guard [.classification, .multiLabel, .ordinal, .regression, .embedding].contains(task.kind) else { return nil }
    (kind, form) = (task.kind, task.form)
    sums = [Double](repeating: 0, count: values)
  }

  /// Adds the answer for one crop: as many values as the others have.
  public mutating func add(_ values: [Float]) {
    for (index, value) in probabilities(values).enumerated() where index < sums.count { sums[index] += value }
    count += 1
  }

  /// The mean, as the network would have said it.
  public var values: [Float] {
    let means = sums.map { $0 / Double(max(count, 1)) }
    switch (kind, form) {
    case (.regression, _), (.embedding, _), (_, .probabilities): return means.map { Float($0) }
    case (.multiLabel, .logits), (_, .cumulative): return means.map { Float(log($0) - log1p(-$0)) }
    // Logarithms of probabilities are logits, too.
    case (_, .logits), (_, .logProbabilities): return means.map { Float(log($0)) }
    }
  }

  private func probabilities(_ values: [Float]) -> [Double] {
    let own = values.map { Double($0) }
    switch (kind, form) {
    case (.regression, _), (.embedding, _), (_, .probabilities): return own
    case (.multiLabel, .logits), (_, .cumulative): return own.map { 1 / (1 + exp(-$0)) }
    case (_, .logProbabilities): return own.map { exp($0) }
    case (_, .logits):
      let largest = own.max() ?? 0
      let powers = own.map { $0 == largest ? 1 : exp($0 - largest) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
  }
}
