/// The output of a kind of task whose channels are counted by labels.
public struct LabelledForm: Sendable {
  /// "a classification".
  let name: String
  /// "classes".
  let items: String
  /// "N x classes".
  let description: String
  let rank: Int
  /// How many items so many channels are for; nil where it cannot be.
  public let count: @Sendable (Int) -> Int?
}

extension TaskDescription {
  public var labelledForm: LabelledForm? {
    switch kind {
    case .classification:
      LabelledForm(
        name: "a classification", items: "classes", description: "N x classes", rank: 2, count: { $0 })
    case .ordinal where form == .cumulative:
      LabelledForm(
        name: "an ordinal task", items: "classes", description: "N x (classes - 1)", rank: 2, count: { $0 + 1 })
    case .ordinal:
      LabelledForm(name: "an ordinal task", items: "classes", description: "N x classes", rank: 2, count: { $0 })
    case .detection:
      LabelledForm(
        name: "a detection", items: "classes", description: "N x (classes + 4) x H x W", rank: 4,
        count: { $0 > 4 ? $0 - 4 : nil })
    case .keyPoints:
      LabelledForm(
        name: "key points", items: "key points", description: "N x (7 + 3 * key points) x H x W", rank: 4,
        count: { $0 > 7 && $0 % 3 == 1 ? ($0 - 7) / 3 : nil })
    default: nil
    }
  }
}
