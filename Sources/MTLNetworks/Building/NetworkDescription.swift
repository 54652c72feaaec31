import MTLFormats
import MTLGraph

/// A network of one trunk and heads on its end, as lists of blocks: what recipes produce and `model.json` may name.
public struct NetworkDescription: Sendable {
  public struct Head: Sendable {
    public let name: String
    public let blocks: [any Block]

    public init(name: String, blocks: [any Block]) {
      self.name = name
      self.blocks = blocks
    }
  }

  public let encoder: [any Block]
  public let heads: [Head]

  public init(encoder: [any Block], heads: [Head]) {
    self.encoder = encoder
    self.heads = heads
  }

  /// Adds trunk and heads; the output of each task, which has its head's name.
  func build(
    _ builder: inout NetworkBuilder, after image: ValueID, _ tasks: [TaskDescription]
  ) throws(MTLError) -> [ValueID] {
    var features = image
    for block in encoder { features = try block.add(to: &builder, after: features) }
    var outputs: [ValueID] = []
    for task in tasks {
      guard let head = heads.first(where: { $0.name == task.name }) else {
        throw MTLError(.internalFault, task.name, "the task has no head")
      }
      builder.enter(task.name)
      var value = features
      for block in head.blocks { value = try block.add(to: &builder, after: value) }
      outputs.append(value)
    }
    return outputs
  }

  /// {"encoder": [block, ...], "heads": {"task": [block, ...], ...}}
  init(_ fields: inout FieldReader) throws(MTLError) {
    encoder = try NetworkDescription.blocks(fields.value("encoder"), path: "\(fields.path).encoder")
    guard let members = fields.value("heads")?.members, !members.isEmpty else {
      throw MTLError(.badFormat, fields.path, "needs a 'recipe', or 'encoder' and at least one task in 'heads'")
    }
    guard members.count <= ModelCard.maximumTaskCount else {
      throw MTLError(.badFormat, "\(fields.path).heads", "has more than \(ModelCard.maximumTaskCount) tasks")
    }
    var heads: [Head] = []
    for member in members {
      try TaskDescription.check(name: member.name, path: "\(fields.path).heads")
      let blocks = try NetworkDescription.blocks(member.value, path: "\(fields.path).heads.\(member.name)")
      heads.append(Head(name: member.name, blocks: blocks))
    }
    self.heads = heads
    try fields.finish()
  }

  private static func blocks(_ value: JSONValue?, path: String) throws(MTLError) -> [any Block] {
    guard let elements = value?.elements else { throw MTLError(.badFormat, path, "is not a list of blocks") }
    var blocks: [any Block] = []
    for (index, element) in elements.enumerated() {
      var fields = try FieldReader(element, path: "\(path)[\(index)]")
      let name = try fields.requiredString("block")
      guard let type = blockTypes.first(where: { $0.name == name }) else {
        let known = blockTypes.map { $0.name }.sorted().joined(separator: ", ")
        throw MTLError(.badFormat, "\(path)[\(index)].block", expected: "one of \(known)", found: "'\(name)'")
      }
      let block = try type.init(&fields)
      try fields.finish()
      blocks.append(block)
    }
    return blocks
  }
}
