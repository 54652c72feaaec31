import MTLFormats
import MTLGraph
import TestSupport

@testable import MTLNetworks

/// A suite on the published networks in miniature, `Tests/Fixtures/recipes`.
protocol RecipeSuite {}

extension RecipeSuite {
  func store(_ fixture: String) throws(MTLError) -> WeightStore {
    let path = "\(Fixtures.folder)/recipes/\(fixture)/weights.pt"
    return try WeightStore.read(MappedFile.open(path: path), name: fixture)
  }

  /// - Parameters:
  ///   - fields: the recipe's parameters as JSON members, each with a comma before it.
  ///   - rest: the same for the card.
  func network(
    _ recipe: String, _ store: WeightStore, _ fields: String = "", _ rest: String = ""
  ) throws(MTLError) -> LoadedNetwork {
    try LoadedNetwork(
      card(#"{"format": 1, "network": {"recipe": "\#(recipe)"\#(fields)}\#(rest)}"#), weights: store)
  }

  func network(
    _ recipe: String, _ fixture: String, _ fields: String = "", _ rest: String = ""
  ) throws(MTLError) -> LoadedNetwork {
    try network(recipe, store(fixture), fields, rest)
  }
}
