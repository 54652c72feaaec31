import MTLGraph

/// Finds the weights in what a checkpoint holds and gives every tensor its name in the state dict.
struct StateDictSearch {
  private var graph: StateDictGraph
  private var store: WeightStore
  private var found: [(name: String, value: PickleReference)] = []
  private var remainingVisits = 1 << 20

  /// Names under which training code keeps the weights.
  private static let sectionNames: Set<String> = [
    "state_dict", "model_state_dict", "model_state", "model_dict", "model_weights", "model", "net", "network",
    "net_state_dict", "network_state_dict", "weights", "params", "parameters", "module", "ema", "model_ema",
    "ema_model", "ema_state_dict", "state_dict_ema", "params_ema",
  ]

  /// Names of what training code keeps beside the weights; compared in lower case.
  private static func isTrainingState(_ name: String) -> Bool {
    let name = name.lowercasedASCII
    let exact = [
      "opt", "scaler", "grad_scaler", "amp", "amp_scaler", "loops", "callbacks", "args", "config", "hyper_parameters",
    ]
    return exact.contains(name) || ["optim", "scheduler", "rng_state"].contains { occurs($0, in: name) }
  }

  /// Whether `part` occurs in `name`. The standard library's own search would link a regular expression engine.
  private static func occurs(_ part: String, in name: String) -> Bool {
    let (part, name) = (Array(part.utf8), Array(name.utf8))
    return name.indices.contains { name[$0...].starts(with: part) }
  }

  /// Wrappers put these in front of every name: DataParallel and DistributedDataParallel, torch.compile.
  private static let wrapperPrefixes = ["module.", "_orig_mod."]

  /// Adds the tensors found below `root` to `store`, with notes about what was skipped or renamed.
  static func fill(
    _ store: inout WeightStore, from root: PickleReference, of tensors: TorchTensors, section: String?
  ) throws(MTLError) {
    var search = StateDictSearch(graph: StateDictGraph(tensors), store: store)
    search.keepMetadata(of: root)
    let start = try search.start(root, section)
    try search.collect(start, prefix: "", depth: 0)
    search.stripPrefixes()
    for (name, value) in search.found {
      if let entry = try tensors.entry(value, name: name) { try search.store.add(name, entry) }
    }
    store = search.store
  }

  private init(graph: StateDictGraph, store: WeightStore) {
    self.graph = graph
    self.store = store
  }

  private var heap: PickleHeap { graph.tensors.heap }

  // MARK: Where the state dict is

  private mutating func start(_ root: PickleReference, _ section: String?) throws(MTLError) -> PickleReference {
    if let section { return try self.section(section, of: root) }
    guard graph.hasTensors(root) else {
      let names = graph.parts(root).prefix(8).map { "'\(clipped($0.name))'" }.joined(separator: ", ")
      throw MTLError(
        .unsupported, heap.subject, expected: "a state dict or a module with tensors",
        found: names.isEmpty ? "no tensors" : "no tensors in \(names)")
    }
    var place = root
    var path = ""
    for _ in 0..<8 {
      guard let next = try descend(place, at: path) else { break }
      place = next.value
      path += next.name + "."
    }
    return place
  }

  /// The part of a container that holds the weights; nil when it is the container itself. `path` leads to it from the
  /// root, with a dot at its end.
  private mutating func descend(_ place: PickleReference, at path: String) throws(MTLError) -> StateDictGraph.Part? {
    guard !graph.isModule(place) else { return nil }
    let parts = graph.parts(place)
    let holders = parts.filter {
      !StateDictSearch.isTrainingState($0.name) && !graph.tensors.isTensor($0.value) && graph.hasTensors($0.value)
    }
    var sections = holders.filter { StateDictSearch.sectionNames.contains($0.name) }
    if sections.isEmpty {
      // One container beside numbers and texts is the state dict under a name of its own.
      guard holders.count == 1, !parts.contains(where: { graph.tensors.isTensor($0.value) }) else { return nil }
      sections = holders
    }
    // Beside the weights themselves there may be their average over the training.
    let plain = sections.filter { !StateDictSearch.occurs("ema", in: $0.name) }
    let candidates = plain.isEmpty ? sections : plain
    guard Set(candidates.map(\.value)).count == 1 else {
      let list = sections.map { "'\(path)\($0.name)'" }.joined(separator: ", ")
      throw MTLError(
        .unsupported, heap.subject,
        "holds several sets of weights (\(list)); name the one to read in the field 'section' of a model.json")
    }
    let chosen = candidates[0]
    store.note("the weights are those under '\(clipped(chosen.name))'")
    for part in parts where part.name != chosen.name {
      if sections.contains(where: { $0.name == part.name && $0.value != chosen.value }) {
        let section = clipped(path + part.name)
        store.note("other weights are under '\(section)'; \"section\": \"\(section)\" in a model.json takes them")
      } else {
        noteSkipped(part)
      }
    }
    return chosen
  }

  /// The part at a path of names that the caller chose.
  private mutating func section(_ path: String, of root: PickleReference) throws(MTLError) -> PickleReference {
    var place = root
    for name in path.split(separator: ".") {
      guard let part = graph.parts(place).first(where: { $0.name == name }) else {
        let names = graph.parts(place).prefix(16).map { "'\(clipped($0.name))'" }.joined(separator: ", ")
        throw MTLError(.notFound, "section '\(path)'", expected: "one of \(names)", found: "'\(name)'")
      }
      place = part.value
    }
    guard graph.hasTensors(place) else {
      throw MTLError(.unsupported, "section '\(path)'", expected: "tensors", found: "none")
    }
    return place
  }

  // MARK: Names

  private mutating func collect(_ place: PickleReference, prefix: String, depth: Int) throws(MTLError) {
    guard depth < StateDictGraph.maximumDepth else {
      throw MTLError(.limit, heap.subject, "the state dict nests deeper than \(StateDictGraph.maximumDepth)")
    }
    let isModule = graph.isModule(place)
    for part in graph.parts(place) {
      remainingVisits -= 1
      guard remainingVisits > 0, found.count < WeightStore.maximumTensorCount else {
        throw MTLError(.limit, heap.subject, "the state dict has too many parts")
      }
      let isTensor = graph.tensors.isTensor(part.value)
      let isTaken = isTensor || graph.hasTensors(part.value)
      guard isTaken, isTensor || isModule || !StateDictSearch.isTrainingState(part.name) else {
        if !isModule { noteSkipped((prefix + part.name, part.value)) }
        continue
      }
      let name = prefix + part.name
      guard name.utf8.count <= WeightStore.maximumNameByteCount else {
        throw MTLError(
          .limit, heap.subject, expected: "names of at most \(WeightStore.maximumNameByteCount) bytes",
          found: "'\(clipped(name))'")
      }
      if isTensor {
        found.append((name, part.value))
      } else {
        try collect(part.value, prefix: name + ".", depth: depth + 1)
      }
    }
  }

  private mutating func stripPrefixes() {
    for _ in 0..<4 {
      let common = StateDictSearch.wrapperPrefixes.first { prefix in
        found.allSatisfy { $0.name.hasPrefix(prefix) && $0.name.utf8.count > prefix.utf8.count }
      }
      guard let common, !found.isEmpty else { return }
      found = found.map { (String($0.name.dropFirst(common.count)), $0.value) }
      store.note("the prefix '\(common)' of all names was removed")
    }
  }

  // MARK: What else is there

  private mutating func noteSkipped(_ part: StateDictGraph.Part) {
    if case .none = heap[part.value] { return }
    store.note("'\(clipped(part.name))' was skipped")
  }

  /// Numbers and short texts beside the state dict: epoch, best score, name of the architecture.
  private mutating func keepMetadata(of root: PickleReference) {
    guard !graph.isModule(root), let members = heap.members(root) else { return }
    for (name, value) in members where store.metadata.count < 64 && name.utf8.count <= 128 {
      switch heap[value] {
      case .text(let text) where text.utf8.count <= 1024: store.metadata[name] = text
      case .integer(let number): store.metadata[name] = String(number)
      case .number(let number): store.metadata[name] = String(number)
      case .bool(let flag): store.metadata[name] = String(flag)
      default: break
      }
    }
  }
}
