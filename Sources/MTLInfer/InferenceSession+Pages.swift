import MTLGraph
import MTLNetworks
import MTLTasks

/// What came of a page that was seen in crops.
public struct PageOutcome {
  /// A batch of one, with the mean of the crops' answers.
  public let result: InferenceResult
  public let crops: PageCrops
  /// Of all crops together, in nanoseconds.
  public let statistics: InferenceSession.Statistics
  /// Of each of the tasks that were run.
  public let headNanoseconds: [UInt64]
}

extension InferenceSession {
  /// Runs a page crop by crop, as the model's card describes pages, and combines the answers.
  ///
  /// - Parameter textHeight: of the page in pixels; nil estimates it.
  /// - Throws: `.unsupported` where the card describes no pages, or for a task of which no mean can be taken, and what
  ///   `run` and `PageCrops` throw.
  public func run(page: PixelView, textHeight: Double? = nil, tasks wanted: [Int]? = nil) throws(MTLError)
    -> PageOutcome
  {
    guard let pages = model.input.pages else {
      throw MTLError(.unsupported, model.name, "its description has no 'pages', and it is run on whole pictures")
    }
    let tasks = wanted ?? self.tasks
    let crops = try PageCrops(
      page, textHeight: textHeight, pages, input: (width: model.input.width, height: model.input.height))
    var averages: [CropAverage] = []
    var total = Statistics()
    var heads = [UInt64](repeating: 0, count: tasks.count)
    var last: InferenceResult?
    for region in crops.regions {
      last?.recycle()
      let view = page.cropped(to: region)
      let result = try run(count: 1, tasks: tasks) { _ in view }
      last = result
      for (position, task) in tasks.enumerated() {
        let values = try result.values(task: task, image: 0)
        if averages.count == position {
          guard let average = CropAverage(model.tasks[task], values: values.count) else {
            throw MTLError(
              .unsupported, "task '\(model.tasks[task].name)'",
              "of kind \(model.tasks[task].kind.rawValue) has no mean over the crops of a page")
          }
          averages.append(average)
        }
        averages[position].add(values)
        heads[position] += try headNanoseconds(task: task)
      }
      let own = try statistics()
      total.prepareNanoseconds += own.prepareNanoseconds
      total.encoderNanoseconds += own.encoderNanoseconds
      total.headsNanoseconds += own.headsNanoseconds
      total.totalNanoseconds += own.totalNanoseconds
    }
    guard let last else { throw MTLError(.internalFault, "page", "has no crop") }
    for (task, average) in zip(tasks, averages) { last.replace(task: task, by: average.values) }
    return PageOutcome(result: last, crops: crops, statistics: total, headNanoseconds: heads)
  }
}
