import MTLGraph
import MTLInfer
import MTLQuantize
import MTLTasks

/// What `compile --precision auto` found: what each layer in bytes costs each task, and which stay in bfloat16 or floats.
struct SearchReport: Encodable {
  struct Task: Encodable {
    let name: String
    let unit: String
    let budget: Double
    /// With all layers in bytes, and as the file is.
    let errorOfAll: Double
    let error: Double
  }

  struct Layer: Encodable {
    let name: String
    let precision: String
    /// Of this layer alone in bytes.
    let errors: [String: Double]
  }

  let tasks: [Task]
  let layers: [Layer]

  init(_ outcome: PrecisionSearch.Outcome, _ budgets: [Double], _ model: Model) {
    tasks = model.tasks.indices.map { task in
      Task(
        name: model.tasks[task].name, unit: AnswerDistance(model.tasks[task]).unit, budget: budgets[task],
        errorOfAll: outcome.errorsBefore[task], error: outcome.errors[task])
    }
    layers = outcome.layers.map { layer in
      Layer(
        name: layer.name,
        precision: layer.isInBytes ? "int8" : outcome.table.isBFloat16 && !layer.isNeverBFloat16 ? "bf16" : "fp32",
        errors: Dictionary(zip(model.tasks.map(\.name), layer.errors)) { first, _ in first })
    }
  }

  /// By task, from "depth=1%,segmentation=0.5"; 1 where nothing is said.
  static func budgets(_ text: String?, of model: Model) throws(MTLError) -> [Double] {
    var budgets = [Double](repeating: 1, count: model.tasks.count)
    for item in (text ?? "").split(separator: ",") {
      let parts = item.split(separator: "=", maxSplits: 1)
      let number = parts.last.flatMap { Double($0.last == "%" ? $0.dropLast() : $0) }
      guard parts.count == 2, let number, number >= 0, number.isFinite else {
        throw MTLError(
          .invalidArgument, "--budget", expected: "TASK=NUMBER, a number of at least 0", found: "'\(item)'")
      }
      budgets[try model.taskIndex(String(parts[0]))] = number
    }
    return budgets
  }

  /// For a terminal.
  var text: String {
    var table = TextTable(
      [("layer alone in int8", .left)] + tasks.map { ("\($0.name), \($0.unit)", .right) } + [("kept in", .left)])
    for layer in layers {
      table.add([layer.name] + tasks.map { Format.decimals(layer.errors[$0.name] ?? 0, 3) } + [layer.precision])
    }
    table.add(["all in int8"] + tasks.map { Format.decimals($0.errorOfAll, 3) } + [""])
    table.add(["as written"] + tasks.map { Format.decimals($0.error, 3) } + [""])
    table.add(["budget"] + tasks.map { Format.decimals($0.budget, 3) } + [""])
    return table.text
  }
}
