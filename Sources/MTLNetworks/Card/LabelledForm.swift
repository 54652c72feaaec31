/// The output of a kind of task whose channels are counted by labels.
struct LabelledForm {
  /// "a classification".
  let name: String
  /// "classes".
  let items: String
  /// "N x classes".
  let description: String
  let rank: Int
  /// How many items so many channels are for; nil where it cannot be.
  let count: @Sendable (Int) -> Int?
}

extension TaskDescription.Kind {
  var labelledForm: LabelledForm? {
    switch self {
    case .classification:
      LabelledForm(
        name: "a classification", items: "classes", description: "N x classes", rank: 2, count: { $0 })
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
