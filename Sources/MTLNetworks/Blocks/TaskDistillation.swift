import MTLGraph

/// How PAD-Net (Xu et al. 2018) and MTI-Net (Vandenhende et al. 2020) let tasks see each other's features.
extension NetworkBuilder {
  /// A task's own features plus those of each other task, times the sigmoid of a convolution of them.
  ///
  /// - Parameter features: of the tasks named, among them `task`.
  mutating func distilled(
    _ features: [ValueID], of names: [String], for task: String, _ key: String
  ) throws(MTLError) -> ValueID {
    guard let own = names.firstIndex(of: task) else {
      throw MTLError(.checkpointMismatch, "task '\(task)'", "has an answer, but no features of its own")
    }
    var value = features[own]
    let width = channels(of: value)
    for (index, name) in names.enumerated() where index != own {
      let gateKey = "\(key).self_attention.\(task).\(name)"
      let mask = try activate(
        convolution(features[index], "\(gateKey).attention.0", channels: width, kernel: 3, bias: false), .sigmoid)
      let content = try convolution(features[index], "\(gateKey).conv", channels: width, kernel: 3, bias: false)
      value = try sum(value, product(content, mask))
    }
    return value
  }

  /// What MTI-Net hands from one scale to the finer one: all tasks' features side by side, weighted by a softmax over
  /// every T neighbouring channels (T tasks), reduced to one task's width, then squeezed and added for each task.
  mutating func propagated(_ features: [ValueID], of names: [String], _ key: String) throws(MTLError) -> [ValueID] {
    let joined = try concat(features)
    var mask = try residualBlock(joined, "\(key).non_linear.0")
    mask = try residualBlock(mask, "\(key).non_linear.1")
    mask = try convolution(mask, "\(key).non_linear.2", channels: channels(of: joined), kernel: 1, bias: true)
    mask = try add(ChannelGroupSoftmax(size: names.count), [mask])
    let shared = try residualBlock(product(mask, joined), "\(key).dimensionality_reduction")
    return try names.enumerated().map { index, name throws(MTLError) in
      try sum(squeezeExcitation(shared, "\(key).se.\(name).squeeze"), features[index])
    }
  }
}
