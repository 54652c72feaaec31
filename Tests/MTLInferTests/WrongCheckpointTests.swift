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

  @Test(arguments: published)
  func isGuessedFromItsKeys(_ checkpoint: Published) throws {
    // Another one is fair where keys and shapes are the same, or where the card says what they do not.
    let own = try #require(recipes.first { $0.name == checkpoint.recipe })
    #expect(checkpoint.guess != nil || hasParameters(checkpoint))
    #expect(
      checkpoint.guess == checkpoint.recipe || own.recognizes(checkpoint.weights) || hasParameters(checkpoint),
      "taken for \(checkpoint.guess ?? "nothing")")
  }

  private func hasParameters(_ checkpoint: Published) -> Bool {
    let members = (try? Fixtures.json("recipes/\(checkpoint.name)/model.json"))?["network"]?.members
    return (members?.count ?? 0) > 1
  }

  @Test(arguments: published)
  func everyOtherRecipeRefusesIt(_ checkpoint: Published) {
    for recipe in recipes where recipe.name != checkpoint.recipe {
      do {
        _ = try LoadedNetwork(ModelCard(recipe: recipe.name), weights: checkpoint.weights)
        // The same graph for another data set, or a general form: never what the keys do not look like.
        #expect(
          isSibling(recipe, checkpoint) || recipe.recognizes(checkpoint.weights),
          "\(recipe.name) takes \(checkpoint.name)")
      } catch {
        check(error, recipe.name, checkpoint)
      }
    }
  }

  private func isSibling(_ recipe: any Recipe, _ checkpoint: Published) -> Bool {
    recipes.contains { $0.name == checkpoint.recipe && type(of: $0) == type(of: recipe) }
  }

  private func check(_ error: MTLError, _ recipe: String, _ checkpoint: Published) {
    let text = error.description
    #expect(error.kind == .checkpointMismatch, "\(recipe) on \(checkpoint.name): \(text)")
    #expect(text.contains(recipe), "\(recipe) on \(checkpoint.name): \(text)")
    #expect(text.contains("does not fit") || text.contains("expected"), "\(recipe) on \(checkpoint.name): \(text)")
    #expect(text.utf8.count < 4000, "\(recipe) on \(checkpoint.name): \(text.utf8.count) bytes")
    if let guess = checkpoint.guess, guess != recipe {
      #expect(text.hasSuffix("It fits the recipe '\(guess)'"), "\(recipe) on \(checkpoint.name): \(text)")
    }
  }
}
