import ArgumentParser
import MTLNetworks

/// `mtl-infer networks`: the recipes.
struct NetworksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "networks", abstract: "List the published networks that run straight from their checkpoints.")

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  private struct Entry: Encodable {
    struct Parameter: Encodable {
      let name: String
      let defaultValue: String
      let meaning: String
    }

    let name: String
    let family: String
    let summary: String
    let source: String
    let parameters: [Parameter]
  }

  func run() throws {
    let entries = recipes.map { recipe in
      Entry(
        name: recipe.name, family: recipe.family.rawValue, summary: recipe.summary, source: recipe.source,
        parameters: recipe.parameters.map {
          Entry.Parameter(name: $0.name, defaultValue: $0.defaultValue, meaning: $0.meaning)
        })
    }
    try reporting { if json { try printJSON(entries) } else { try writeLine(text(entries)) } }
  }

  /// A table for each family.
  private func text(_ entries: [Entry]) -> String {
    RecipeFamily.allCases.compactMap { family in
      let members = entries.filter { $0.family == family.rawValue }
      guard !members.isEmpty else { return nil }
      var table = TextTable([("network", .left), ("what", .left), ("source", .left)])
      for entry in members {
        table.add([entry.name, entry.summary, entry.source])
        for parameter in entry.parameters {
          table.add(["", "\(parameter.name) (\(parameter.defaultValue)): \(parameter.meaning)", ""])
        }
      }
      return "\(family.rawValue)\n\(table.text)"
    }.joined(separator: "\n\n")
  }
}
