import MTLFormats
import MTLGraph
import MTLInfer
import MTLNetworks
import TestSupport
import Testing

/// Checkpoints handed to the recipe of another network: what does not fit is listed, and the recipe that does is named.
@Suite("Wrong checkpoints")
struct WrongCheckpointTests {
  /// A published checkpoint, the recipe of its card, and the recipe that its keys alone are taken for.
  struct Published: Sendable, CustomTestStringConvertible {
    let name: String
    let recipe: String
    let guess: String?
    let weights: WeightStore
    var testDescription: String { name }
  }

  static let published: [Published] = folderNames(Fixtures.folder + "/recipes").compactMap { name in
    guard let card = try? Fixtures.json("recipes/\(name)/model.json"), let recipe = card["network"]?["recipe"]?.string,
      let bytes = try? Fixtures.bytes("recipes/\(name)/weights.pt"),
      let weights = try? WeightStore.read(bytes, name: name, section: card["section"]?.string)
    else { return nil }
    return Published(
      name: name, recipe: recipe, guess: LoadedNetwork.fittingRecipe(weights), weights: weights)
  }

  /// Recipes that take the other's checkpoint on purpose: the graph is the same, or one is the other's general form.
  private func shares(_ recipe: String, _ published: Published) -> Bool {
    (try? LoadedNetwork(ModelCard(recipe: recipe), weights: published.weights)) != nil
  }

  @Test(arguments: published)
  func isGuessedFromItsKeys(_ checkpoint: Published) throws {
    let guess = try #require(checkpoint.guess, "nothing is guessed for \(checkpoint.recipe)")
    if guess != checkpoint.recipe { print("\(checkpoint.name): taken for \(guess)") }
    // Another guess is fair only where the network's own recipe could not be told from it by keys and shapes.
    #expect(guess == checkpoint.recipe || shares(checkpoint.recipe, checkpoint) || hasParameters(checkpoint))
  }

  private func hasParameters(_ checkpoint: Published) -> Bool {
    let members = (try? Fixtures.json("recipes/\(checkpoint.name)/model.json"))?["network"]?.members
    return (members?.count ?? 0) > 1
  }

  @Test(arguments: published)
  func everyOtherRecipeRefusesIt(_ checkpoint: Published) {
    for recipe in recipes where recipe.name != checkpoint.recipe {
      do {
        let network = try LoadedNetwork(ModelCard(recipe: recipe.name), weights: checkpoint.weights)
        #expect(network.ignoredKeys.count < checkpoint.weights.names.count, "\(recipe.name) takes \(checkpoint.name)")
        print("\(checkpoint.name): \(recipe.name) takes it as well")
      } catch {
        check(error, recipe.name, checkpoint)
      }
    }
  }

  private func check(_ error: MTLError, _ recipe: String, _ checkpoint: Published) {
    let text = error.description
    #expect(error.kind == .checkpointMismatch, "\(recipe) on \(checkpoint.name): \(text)")
    #expect(text.contains(recipe), "\(recipe) on \(checkpoint.name): \(text)")
    #expect(text.contains("does not fit"), "\(recipe) on \(checkpoint.name): \(text)")
    #expect(text.utf8.count < 4000, "\(recipe) on \(checkpoint.name): \(text.utf8.count) bytes")
    if let guess = checkpoint.guess, guess != recipe {
      #expect(text.hasSuffix("It fits the recipe '\(guess)'"), "\(recipe) on \(checkpoint.name): \(text)")
    }
  }
}
