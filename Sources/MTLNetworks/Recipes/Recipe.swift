import MTLGraph

/// A published network: its blocks with the keys that its code base gives them, and what its checkpoint does not say.
public protocol Recipe: Sendable {
  /// As `--network` takes it.
  var name: String { get }
  /// One line for `mtl-infer networks`.
  var summary: String { get }
  /// Paper or repository of the facts.
  var source: String { get }
  var input: InputDescription { get }
  /// The published tasks, each with its head's key prefix.
  var tasks: [TaskDescription] { get }

  /// The network with a head for each of `tasks`, which name heads of this recipe. Class counts follow the labels.
  func network(for tasks: [TaskDescription]) -> NetworkDescription
}

/// Every built-in network.
public let recipes: [any Recipe] = [
  FingersRecipe(form: .mtlNet),
  FingersRecipe(form: .libMTL),
]
