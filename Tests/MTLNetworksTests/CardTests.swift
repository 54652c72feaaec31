import MTLFormats
import MTLGraph
import TestSupport
import Testing

@testable import MTLNetworks

func card(_ text: String) throws(MTLError) -> ModelCard {
  try ModelCard(parsing: Bytes(copying: Array(text.utf8)), name: "card")
}

@Suite("model.json")
struct CardTests {
  @Test func everyFieldIsRead() throws {
    let card = try card(
      """
      {"format": 1, "name": "n", "description": "d", "weights": "w.pt", "section": "ema",
       "network": {"recipe": "fingers"},
       "input": {"name": "x", "width": 5, "height": 7, "color": "bgr", "range": [-1, 2], "mean": [1, 2.5, 3],
                 "std": [4, 5, -6], "resize": "stretch", "filter": "bilinear"},
       "tasks": [{"name": "t", "kind": "classification", "labels": ["a", "b"], "output": "probabilities", "prefix": "p"},
                 {"name": "u", "kind": "raw", "output": "logits"}]}
      """)
    #expect(card.name == "n" && card.description == "d" && card.weights == "w.pt" && card.section == "ema")
    guard case .recipe("fingers", _) = card.network else {
      Issue.record("\(card.network)")
      return
    }
    #expect(
      card.input
        == InputDescription(
          name: "x", width: 5, height: 7, color: .bgr, range: [-1, 2], mean: [1, 2.5, 3], standardDeviation: [4, 5, -6])
    )
    #expect(card.input?.shape(batch: 9) == [9, 3, 7, 5])
    #expect(
      card.tasks == [
        TaskDescription(name: "t", kind: .classification, labels: ["a", "b"], form: .probabilities, prefix: "p"),
        TaskDescription(name: "u", kind: .raw, form: .logits),
      ])
  }

  /// What holds for a task's data is read, and written back as it was.
  @Test func conventionsOfTasks() throws {
    let tasks = """
      [{"name": "d", "kind": "depth", "unit": "m", "valid_range": [0.1, 10], "invalid": -1, "truth_scale": 0.0002,
        "baseline": {"absolute_error": 0.5224, "rmse": 1}},
       {"name": "s", "kind": "part_segmentation", "labels": ["a", "b"], "palette": [[0, 0, 0], [255, 128, 1]]},
       {"name": "e", "kind": "edges", "match_distance": 0.011},
       {"name": "k", "kind": "key_points", "sigmas": [0.1, 0.2]},
       {"name": "o", "kind": "ordinal", "output": "cumulative"}, {"name": "v", "kind": "embedding"}]
      """
    let read = try card(#"{"format": 1, "network": {"recipe": "x"}, "tasks": \#(tasks)}"#).tasks
    #expect(
      read[0].convention
        == TaskConvention(
          validRange: 0.1...10, invalid: -1, truthScale: 0.0002,
          baselines: [.init("absolute_error", 0.5224), .init("rmse", 1)]))
    #expect(read[1].convention.palette == [[0, 0, 0], [255, 128, 1]] && read[1].kind == .partSegmentation)
    #expect(read[2].convention.matchDistance == 0.011 && read[3].convention.sigmas == [0.1, 0.2])
    #expect(read[4].form == .cumulative && read[4].labelledForm?.count(6) == 7 && read[5].kind == .embedding)
    for task in read {
      var fields = try FieldReader(task.json(prefix: nil), path: "again")
      #expect(try TaskDescription(&fields) == task)
    }
  }

  @Test func defaults() throws {
    let bare = try card(#"{"format": 1, "network": {"recipe": "x"}}"#)
    #expect(bare.name == "model" && bare.description.isEmpty && bare.weights == nil && bare.section == nil)
    #expect(bare.input == nil && bare.tasks.isEmpty)
    let card = try card(
      #"{"format": 1, "network": {"recipe": "x"}, "input": {"width": 5, "height": 7}, "tasks": [{"name": "t"}]}"#)
    #expect(
      card.input == InputDescription(width: 5, height: 7, color: .rgb, mean: [0, 0, 0], standardDeviation: [1, 1, 1]))
    #expect(card.input?.name == "image" && card.input?.range == [0, 1])
    #expect(card.tasks.map(\.name) == ["t"] && card.tasks[0].kind == .raw && card.tasks[0].unit == nil)
  }

  /// What a policy of resizing needs has a default, is read, and is written back.
  @Test func policiesAndFilters() throws {
    func input(_ fields: String) throws -> InputDescription {
      let text = #"{"format": 1, "network": {"recipe": "x"}, "input": {"width": 5, "height": 7\#(fields)}}"#
      return try #require(try card(text).input)
    }
    for (fields, resize) in [
      (#", "resize": "letterbox""#, .letterbox(fill: 114)),
      (#", "resize": "letterbox", "fill": 0"#, .letterbox(fill: 0)),
      (#", "resize": "crop""#, .crop(shorterSide: 5)),
      (#", "resize": "crop", "shorter_side": 9"#, .crop(shorterSide: 9)),
      (#", "resize": "center""#, .center),
    ] as [(String, InputDescription.Resize)] {
      let described = try input(fields)
      #expect(described.resize == resize)
      var fields = try FieldReader(described.json, path: "input")
      #expect(try InputDescription(&fields) == described)
    }
    for filter in InputDescription.Filter.allCases {
      let described = try input(#", "filter": "\#(filter.rawValue)""#)
      #expect(described.filter == filter && described.resize == .stretch)
      var fields = try FieldReader(described.json, path: "input")
      #expect(try InputDescription(&fields) == described)
    }
  }

  @Test func wholeNumbersMayHaveAPoint() throws {
    let card = try card(#"{"format": 1.0, "network": {"recipe": "x"}, "input": {"width": 5.0, "height": 0.7e1}}"#)
    #expect(card.input?.width == 5 && card.input?.height == 7)
  }

  @Test func byteOrderMarkIsSkipped() throws {
    let text = #"{"format": 1, "network": {"recipe": "x"}}"#
    #expect(try card("\u{FEFF}" + text).name == "model")
    for wrong in ["\u{FEFF}\u{FEFF}" + text, "\u{FEFF}", "\u{FEFF}[]", "", " \u{FEFF}" + text] {
      #expect(failure { () throws(MTLError) in try card(wrong) }?.kind == .badFormat, "\(wrong)")
    }
  }

  @Test func labelsMakeAClassification() throws {
    let card = try card(
      """
      {"format": 1, "network": {"recipe": "x"},
       "tasks": [{"name": "t", "labels": ["a"]}, {"name": "u", "labels": ["a"], "kind": "raw"}, {"name": "v"}]}
      """)
    #expect(card.tasks.map(\.kind) == [.classification, .raw, .raw])
  }

  @Test func nullIsAFieldLeftOut() throws {
    let card = try card(#"{"format": 1, "name": null, "input": null, "tasks": null, "network": {"recipe": "x"}}"#)
    #expect(card.name == "model" && card.input == nil && card.tasks.isEmpty)
  }

  private static func heads(_ names: String) -> String {
    #"{"format": 1, "network": {"encoder": [], "heads": {\#(names): []}}}"#
  }

  static let wrongCards = [
    ("[]", "card: is no object"),
    (#"{"network": {"recipe": "x"}}"#, "card: has no field 'format'"),
    (#"{"format": "1"}"#, "card.format: is not a whole number from 1"),
    (#"{"format": 0}"#, "card.format: is not a whole number from 1"),
    (#"{"format": 1.5}"#, "card.format: is not a whole number"),
    (#"{"format": 1}"#, "card: has no field 'network'"),
    (#"{"format": 1, "name": 3}"#, "card.name: is not text"),
    (#"{"format": 1, "description": []}"#, "card.description: is not text"),
    (#"{"format": 1, "weights": true}"#, "card.weights: is not text"),
    (#"{"format": 1, "section": 1}"#, "card.section: is not text"),
    (#"{"format": 1, "network": "fingers"}"#, "card: network: is no object"),
    (#"{"format": 1, "network": {}}"#, "card: network.encoder: is not a list of blocks"),
    (#"{"format": 1, "network": {"recipe": 1}}"#, "card: network.recipe: is not text"),
    (#"{"format": 1, "network": {"encoder": []}}"#, "needs a 'recipe', or 'encoder' and at least one task in 'heads'"),
    (#"{"format": 1, "network": {"encoder": [], "heads": {}}}"#, "at least one task in 'heads'"),
    (#"{"format": 1, "network": {"encoder": [], "heads": []}}"#, "at least one task in 'heads'"),
    (#"{"format": 1, "network": {"encoder": [], "heads": {"t": 1}}}"#, "network.heads.t: is not a list of blocks"),
    (#"{"format": 1, "network": {"encoder": [], "heads": {"t": []}, "x": 1}}"#, "unknown field 'x'"),
    (heads(#""../ESC""#), "card: network.heads: the task name '../ESC' is empty or has one of '/'"),
    (heads(#""a/\u0301b""#), "network.heads: the task name"),
    (heads(#""t": [], """#), "network.heads: the task name '' is empty"),
    (heads(#""a,b""#), "network.heads: the task name 'a,b'"),
    (heads(#""a\u0000b""#), "network.heads: the task name"),
    (heads((0...256).map { #""\#($0)""# }.joined(separator: ": [], ")), "network.heads: has more than 256 tasks"),
    (#"{"format": 1, "network": {"recipe": "x"}, "naem": "n"}"#, "card: unknown field 'naem'; known are description"),
  ]

  @Test(arguments: wrongCards)
  func wrongCardIsNamed(_ text: String, _ words: String) {
    let error = failure { () throws(MTLError) in try card(text) }
    #expect(
      error?.kind == .badFormat && error?.description.contains(words) == true, "\(text): \(String(describing: error))")
  }

  @Test func newerFormatIsNamedAsSuch() {
    let error = failure { () throws(MTLError) in try card(#"{"format": 3, "later": {}}"#) }
    #expect(error?.kind == .formatTooNew)
    #expect(error?.description == "card: expected format up to 2, found 3")
  }

  static let wrongInputs = [
    ("[]", "card: input: is no object"),
    (#"{"width": 4}"#, "card: input: needs 'width' and 'height'"),
    (#"{"height": 4}"#, "needs 'width' and 'height'"),
    (#"{"width": 0, "height": 4}"#, "card: input.width: is not a whole number from 1 to 32768"),
    (#"{"width": 4, "height": 32769}"#, "card: input.height: is not a whole number from 1 to 32768"),
    (#"{"width": 4, "height": 4, "name": 1}"#, "card: input.name: is not text"),
    (#"{"width": 4, "height": 4, "color": "cmyk"}"#, "input.color: expected one of gray, rgb, bgr, found 'cmyk'"),
    (#"{"width": 4, "height": 4, "color": 3}"#, "input.color: is not text"),
    (#"{"width": 4, "height": 4, "resize": "pad"}"#, "one of stretch, center, letterbox, crop, found 'pad'"),
    (#"{"width": 4, "height": 4, "filter": "cubic"}"#, "input.filter: expected one of bilinear, bicubic, lanczos"),
    (#"{"width": 4, "height": 4, "fill": 1}"#, "input.fill: expected it with 'resize': 'letterbox' alone"),
    (#"{"width": 4, "height": 4, "resize": "crop", "fill": 1}"#, "found 'crop'"),
    (#"{"width": 4, "height": 4, "resize": "letterbox", "fill": 256}"#, "is not a whole number from 0 to 255"),
    (#"{"width": 4, "height": 4, "resize": "letterbox", "shorter_side": 4}"#, "'resize': 'crop' alone"),
    (#"{"width": 4, "height": 4, "resize": "crop", "shorter_side": 0}"#, "whole number from 1 to 32768"),
    (#"{"width": 4, "height": 4, "range": [1]}"#, "needs 2 numbers in 'range'"),
    (#"{"width": 4, "height": 4, "range": 1}"#, "input.range: is not a list of numbers"),
    (#"{"width": 4, "height": 4, "mean": [1, 2]}"#, "3 in 'mean' and 'std' for rgb"),
    (#"{"width": 4, "height": 4, "mean": [1, 2, "3"]}"#, "input.mean: is not a list of numbers"),
    (#"{"width": 4, "height": 4, "color": "gray", "std": [1, 2, 3]}"#, "1 in 'mean' and 'std' for gray"),
    (#"{"width": 4, "height": 4, "std": [1, 0, 1]}"#, "input.std: has a zero"),
    (#"{"width": 4, "height": 4, "std": [1, 1e-60, 1]}"#, "input.std: has a zero"),
    (#"{"width": 4, "height": 4, "mean": [1, 1e60, 1]}"#, "is too large"),
    (#"{"width": 4, "height": 4, "stdd": [1, 1, 1]}"#, "card: input: unknown field 'stdd'"),
  ]

  @Test(arguments: wrongInputs)
  func wrongInputIsNamed(_ input: String, _ words: String) {
    let text = #"{"format": 1, "network": {"recipe": "x"}, "input": \#(input)}"#
    let error = failure { () throws(MTLError) in try card(text) }
    #expect(
      error?.kind == .badFormat && error?.description.contains(words) == true, "\(input): \(String(describing: error))")
  }

  static let wrongTasks = [
    ("{}", "card: tasks: is not a list of at most 256 tasks"),
    ("[\(Array(repeating: "{}", count: 257).joined(separator: ","))]", "is not a list of at most 256 tasks"),
    ("[1]", "card: tasks[0]: is no object"),
    (#"[{"name": "a"}, {}]"#, "card: tasks[1]: has no field 'name'"),
    (#"[{"name": 1}]"#, "tasks[0].name: is not text"),
    (#"[{"name": ""}]"#, "the task name '' is empty"),
    (#"[{"name": "a/b"}]"#, "the task name 'a/b' is empty or has one of '/'"),
    (#"[{"name": "a,b"}]"#, "the task name 'a,b'"),
    (#"[{"name": "a\u0000b"}]"#, "the task name"),
    (#"[{"name": "a", "kind": "deep"}]"#, "found 'deep'"),
    (#"[{"name": "a", "labels": "b"}]"#, "tasks[0].labels: is not a list of texts"),
    (#"[{"name": "a", "labels": [1]}]"#, "tasks[0].labels: is not a list of texts"),
    (
      #"[{"name": "a", "output": "log"}]"#,
      "tasks[0].output: expected one of logits, probabilities, log_probabilities, cumulative, found 'log'"
    ),
    (#"[{"name": "a", "output": "cumulative"}]"#, "'cumulative' for kind ordinal alone, found raw"),
    (#"[{"name": "a", "valid_range": [2, 1]}]"#, "tasks[0].valid_range: is not [least, largest]"),
    (#"[{"name": "a", "valid_range": 3}]"#, "tasks[0].valid_range: is not a list of numbers"),
    (#"[{"name": "a", "invalid": "none"}]"#, "tasks[0].invalid: is not a number"),
    (#"[{"name": "a", "palette": [[0, 0, 0], [1, 2, 256]]}]"#, "palette[1]: is not [red, green, blue] of 0 to 255"),
    (#"[{"name": "a", "palette": 5}]"#, "palette[0]: is not [red, green, blue]"),
    (#"[{"name": "a", "labels": ["x"], "palette": [[0, 0, 0], [1, 1, 1]]}]"#, "1 colours, one for each label, found 2"),
    (#"[{"name": "a", "baseline": 3}]"#, "tasks[0].baseline: is no object"),
    (#"[{"name": "a", "baseline": {"mean_iou": "good"}}]"#, "tasks[0].baseline.mean_iou: is no number"),
    (#"[{"name": "a", "match_distance": 2}]"#, "tasks[0].match_distance: is no share"),
    (#"[{"name": "a", "truth_scale": 0}]"#, "tasks[0].truth_scale: is not above 0"),
    (#"[{"name": "a", "sigmas": [0.1, 0]}]"#, "tasks[0].sigmas: has a number that is not above 0"),
    (#"[{"name": "a", "prefix": 1}]"#, "tasks[0].prefix: is not text"),
    (#"[{"name": "a", "units": "m"}]"#, "card: tasks[0]: unknown field 'units'"),
    (#"[{"name": "a"}, {"name": "b"}, {"name": "a"}]"#, "card: tasks[2]: a second task is named 'a'"),
  ]

  @Test(arguments: wrongTasks)
  func wrongTaskIsNamed(_ tasks: String, _ words: String) {
    let text = #"{"format": 1, "network": {"recipe": "x"}, "tasks": \#(tasks)}"#
    let error = failure { () throws(MTLError) in try card(text) }
    #expect(
      error?.kind == .badFormat && error?.description.contains(words) == true, "\(tasks): \(String(describing: error))")
  }
}
