import ArgumentParser
import MTLNetworks

/// `mtl-infer networks`: the recipes.
struct NetworksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "networks", abstract: "List the published networks that run straight from their checkpoints.")

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  private struct Entry: Encodable {
    let name: String
    let summary: String
    let source: String
    let tasks: [String]
  }

  func run() throws {
    let entries = recipes.map {
      Entry(name: $0.name, summary: $0.summary, source: $0.source, tasks: $0.tasks.map { $0.name })
    }
    if json { return try reporting { try printJSON(entries) } }
    var table = TextTable([("network", .left), ("tasks", .left), ("what", .left), ("source", .left)])
    for entry in entries {
      table.add([entry.name, entry.tasks.joined(separator: ", "), entry.summary, entry.source])
    }
    try reporting { try writeLine(table.text) }
  }
}
