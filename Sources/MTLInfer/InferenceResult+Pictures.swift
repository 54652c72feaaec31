import MTLGraph
import MTLNetworks
import MTLTasks

/// The picture that an image of a batch was made from.
public struct PictureFrame: Sendable {
  /// Of the upright picture, in pixels.
  public let width: Int
  public let height: Int
  /// Where the network's input lies in it.
  public let placement: Placement
  let input: (width: Int, height: Int)

  /// A picture of this size, fitted to the model's input as the model wants it.
  public init(width: Int, height: Int, model: Model) {
    (self.width, self.height) = (width, height)
    input = (model.input.width, model.input.height)
    placement = Placement(model.input.resize, picture: (width, height), input: input)
  }

  /// A picture of this size that was stretched to an input of that size.
  public init(width: Int, height: Int, stretchedTo input: (width: Int, height: Int)) {
    (self.width, self.height, self.input) = (width, height, input)
    placement = Placement(.stretch, picture: (width, height), input: input)
  }
}

/// Answers of dense tasks at the size of the picture. All fail with `.notFound` for a task that was not run, with
/// `.invalidArgument` for one of another kind, with `.shapeMismatch` for an output that is none of its kind, and with
/// `.invalidState` where it is no number.
extension InferenceResult {
  public func labelMap(task: Int, image: Int, frame: PictureFrame) throws(MTLError) -> LabelMap {
    let sampler = try sampler(task, image, [.segmentation, .partSegmentation], frame)
    guard let map = LabelMap(sampler, form: model.tasks[task].form) else {
      throw MTLError(
        .invalidState, "task '\(model.tasks[task].name)'",
        "its output has NaN, or more than \(LabelMap.maximumClassCount) classes")
    }
    return map
  }

  /// Of depth, disparity, saliency and edges.
  public func scalarMap(task: Int, image: Int, frame: PictureFrame) throws(MTLError) -> ScalarMap {
    let sampler = try sampler(task, image, [.depth, .disparity, .saliency, .edges], frame)
    let description = model.tasks[task]
    let isMeasured = description.kind == .depth || description.kind == .disparity
    let map =
      isMeasured ? ScalarMap(measured: sampler) : ScalarMap(probable: sampler, form: description.form)
    guard let map else { throw wrongChannels(task, expected: isMeasured ? "1" : "1 or 2", sampler) }
    return map
  }

  public func normalMap(task: Int, image: Int, frame: PictureFrame) throws(MTLError) -> NormalMap {
    let sampler = try sampler(task, image, [.normals], frame)
    guard let map = NormalMap(sampler) else { throw wrongChannels(task, expected: "3", sampler) }
    return map
  }

  /// Of classes that have an order.
  public func ordinal(task: Int, image: Int) throws(MTLError) -> Ordinal {
    let values = try values(task: task, image: image)
    guard let answer = Ordinal(values, form: model.tasks[task].form) else {
      throw MTLError(.invalidState, "task '\(model.tasks[task].name)'", "its output has NaN")
    }
    return answer
  }

  /// The numbers of a task that answers for a whole picture.
  public func values(task: Int, image: Int) throws(MTLError) -> [Float] {
    guard model.tasks.indices.contains(task), let output = unsafe output(task: task) else {
      throw MTLError(.notFound, "task \(task)", "was not run")
    }
    guard (0..<batch).contains(image), let count = unsafe output.shape.dimensions.first, count == batch else {
      throw MTLError(.invalidArgument, "image", expected: "0 to \(batch - 1)", found: "\(image)")
    }
    let each = unsafe output.values.count / count
    return unsafe Array(output.values[image * each..<(image + 1) * each])
  }

  private func sampler(
    _ task: Int, _ image: Int, _ kinds: [TaskDescription.Kind], _ frame: PictureFrame
  ) throws(MTLError) -> MapSampler {
    guard model.tasks.indices.contains(task) else { throw MTLError(.notFound, "task \(task)", "was not run") }
    let description = model.tasks[task]
    let kind = kinds.first { $0 == description.kind } ?? kinds[0]
    let maps = try maps(task: task, image: image, of: kind)
    return MapSampler(
      maps, input: frame.input, placement: frame.placement, picture: (frame.width, frame.height),
      upsampling: description.upsampling)
  }

  private func wrongChannels(_ task: Int, expected: String, _ sampler: MapSampler) -> MTLError {
    MTLError(
      .shapeMismatch, "task '\(model.tasks[task].name)'", expected: "\(expected) maps",
      found: "\(sampler.maps.channels)")
  }
}
