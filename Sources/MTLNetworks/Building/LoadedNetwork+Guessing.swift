import MTLFormats
import MTLGraph

/// Which recipe a checkpoint is for, by its keys and shapes.
extension LoadedNetwork {
  /// The error, with the recipe that would fit the checkpoint, if there is one.
  static func suggesting(
    after error: MTLError, _ weights: WeightStore, instead recipe: any Recipe
  ) -> MTLError {
    // Sizes may disagree in a checkpoint of the right kind as well: then it is no other network's.
    guard error.kind == .checkpointMismatch || !recipe.recognizes(weights) else { return error }
    let (subject, problem) = ("network '\(recipe.name)'", problem(of: error, recipe))
    guard let fitting = fittingRecipe(weights), fitting != recipe.name else {
      return MTLError(.checkpointMismatch, subject, problem)
    }
    return MTLError(.checkpointMismatch, subject, "\(problem). It fits the recipe '\(fitting)'")
  }

  /// What is wrong, with the key or field that it is about, where that is not the whole network.
  private static func problem(of error: MTLError, _ recipe: any Recipe) -> String {
    error.subject == "network '\(recipe.name)'"
      ? error.problem : "the checkpoint does not fit: \(error.description)"
  }

  /// What to say of a checkpoint that was taken for a recipe by its keys; others may have the same keys and differ in
  /// what those do not tell.
  public static func guessNote(_ weights: WeightStore, taken: String) -> String {
    let others = recipes.filter { $0.name != taken && $0.recognizes(weights) }.map { "'\($0.name)'" }
    return "taken for '\(taken)' by its keys"
      + (others.isEmpty ? "" : ", which look like those of \(others.joined(separator: ", ")) as well")
  }

  /// The name of the built-in recipe that a checkpoint fits, or nil.
  public static func fittingRecipe(_ weights: WeightStore) -> String? {
    recipes.first { $0.recognizes(weights) && failure(of: $0, weights) == nil }?.name
  }

  /// What to say of a checkpoint that fits no recipe: which one it comes near to and what is wrong then, or how to go on.
  public static func strangerProblem(_ weights: WeightStore) -> String {
    for recipe in recipes where recipe.recognizes(weights) {
      guard let error = failure(of: recipe, weights) else { continue }
      let deciding = recipe.parameters.filter(\.decidesFit).map(\.name).joined(separator: ", ")
      return "fits no built-in network exactly; its keys look like those of '\(recipe.name)', but: "
        + problem(of: error, recipe)
        + (deciding.isEmpty ? "" : ". What keys do not tell can be set in a model.json: \(deciding)")
    }
    return
      "fits no built-in network; name one of those that 'mtl-infer networks' lists, or describe it in a model.json. "
      + "Its first keys are \(weights.names.prefix(6).joined(separator: ", "))"
  }

  private static func failure(of recipe: any Recipe, _ weights: WeightStore) -> MTLError? {
    do {
      _ = try LoadedNetwork(recipe, .object([]), ModelCard(recipe: recipe.name), weights)
      return nil
    } catch {
      return error
    }
  }
}
