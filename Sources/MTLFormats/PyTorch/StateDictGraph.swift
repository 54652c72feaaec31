import MTLGraph

/// The unpickled objects as a tree of named parts, however they were nested: dictionaries, lists, and pickled modules,
/// whose classes need not be known (every `torch.nn.Module` keeps `_parameters`, `_buffers` and `_modules`).
struct StateDictGraph {
  typealias Part = (name: String, value: PickleReference)

  let tensors: TorchTensors
  private var partsOf: [PickleReference: [Part]] = [:]
  private var holdsTensors: [PickleReference: Bool] = [:]

  /// Deepest nesting that is walked; the walk recurses.
  static let maximumDepth = 64

  init(_ tensors: TorchTensors) {
    self.tensors = tensors
  }

  /// The named parts of a container; empty for anything else. Kept, because a pickle may mention one container many
  /// times and sorting out its members costs time.
  mutating func parts(_ reference: PickleReference) -> [Part] {
    if let known = partsOf[reference] { return known }
    let parts = moduleParts(reference) ?? tensors.heap.members(reference) ?? elements(reference)
    partsOf[reference] = parts
    return parts
  }

  private func elements(_ reference: PickleReference) -> [Part] {
    guard let elements = tensors.heap.sequence(reference) else { return [] }
    return elements.enumerated().map { (String($0.offset), $0.element) }
  }

  func isModule(_ reference: PickleReference) -> Bool {
    moduleState(reference) != nil
  }

  private func moduleState(_ reference: PickleReference) -> [String: PickleReference]? {
    guard let state = tensors.heap.object(reference)?.state, let members = tensors.heap.members(state) else {
      return nil
    }
    let attributes = Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
    return attributes["_parameters"] != nil && attributes["_modules"] != nil ? attributes : nil
  }

  /// Parameters, persistent buffers and submodules, in the order of `state_dict()`.
  private func moduleParts(_ reference: PickleReference) -> [Part]? {
    guard let attributes = moduleState(reference) else { return nil }
    var transient: Set<String> = []
    if let names = attributes["_non_persistent_buffers_set"], case .set(let elements) = tensors.heap[names] {
      transient = Set(elements.references.compactMap { tensors.heap.text($0) })
    }
    func members(_ attribute: String) -> [Part] { attributes[attribute].flatMap(tensors.heap.members) ?? [] }
    return members("_parameters") + members("_buffers").filter { !transient.contains($0.name) } + members("_modules")
  }

  /// Whether there is a tensor in this container, at any depth up to `maximumDepth`.
  mutating func hasTensors(_ reference: PickleReference, depth: Int = 0) -> Bool {
    if let known = holdsTensors[reference] { return known }
    guard depth < StateDictGraph.maximumDepth else { return false }
    // In a cycle, the container itself adds nothing to the answer.
    holdsTensors[reference] = false
    for part in parts(reference) {
      if tensors.isTensor(part.value) || hasTensors(part.value, depth: depth + 1) {
        holdsTensors[reference] = true
        return true
      }
    }
    return false
  }
}
