import MTLGraph

/// Reads the files of the ONNX standard.
public enum OnnxModel {
  private enum Field {
    static let producerName: Int32 = 2
    static let producerVersion: Int32 = 3
    static let graph: Int32 = 7
    static let opsetImport: Int32 = 8
    static let metadata: Int32 = 14
    static let functions: Int32 = 25
  }

  /// The newest operator set whose changes are known here. Later ones are read as this one.
  public static let newestOpset = 28

  /// Whether these are bytes of an ONNX model: `ModelProto`'s fields one after the other, with their kinds, up to the
  /// graph or to where the bytes end. Messages have no signature.
  public static func recognizes(_ bytes: Bytes) -> Bool {
    // A header's length may look like the first fields.
    guard !WeightFileKind.isSafetensors(bytes) else { return false }
    var (offset, fields) = (0, 0)
    while offset < bytes.count, fields < maximumLeadingFields {
      guard let tag = bytes.variableInteger(at: &offset) else { return fields > 0 }
      guard let kind = fieldKinds[tag >> 3], kind == tag & 7 else { return false }
      guard let value = bytes.variableInteger(at: &offset) else { return fields > 0 }
      fields += 1
      guard kind == 2 else { continue }
      // What is cut off was an ONNX model where something stood before it.
      guard value <= UInt64(bytes.count - offset) else { return fields > 1 }
      if tag >> 3 == UInt64(Field.graph) { return value > 0 }
      offset += Int(value)
    }
    return fields > 1
  }

  /// Fields in front of the graph that are looked at; functions, metadata and operator sets may be many.
  private static let maximumLeadingFields = 4096

  /// The fields of onnx/onnx:onnx/onnx-ml.proto, `ModelProto`: 0 for numbers, 2 for what has a length.
  private static let fieldKinds: [UInt64: UInt64] = [
    1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2,
  ]

  /// Reads a model.
  ///
  /// - Parameters:
  ///   - folder: where the files lie that the model names; nil refuses such a model.
  ///   - copy: read those files into memory instead of mapping them.
  public static func read(
    _ bytes: Bytes, name: String, folder: String? = nil, copy: Bool = false
  ) throws(MTLError) -> GraphModel {
    let message = try OnnxMessage.model(bytes, name: name)
    guard let graph = message.child(Field.graph) else { throw MTLError(.badFormat, name, "has no graph") }
    let opsets = try opsets(message, Field.opsetImport, name)
    let context = OnnxContext(
      functions: try OnnxFunction.all(message.children(Field.functions), opsets),
      external: ExternalData(folder: folder, copy: copy))
    let reader = OnnxGraphReader(context: context, opsets: opsets)
    let ends = try reader.readMain(graph)
    let version = opsets[""] ?? 1
    return GraphModel(
      graph: reader.graph, inputs: ends.inputs, outputs: ends.outputs, name: graph.text(2),
      producer: [message.text(Field.producerName), message.text(Field.producerVersion)].filter { !$0.isEmpty }
        .joined(separator: " "), format: "ONNX, operator set \(version)", metadata: message.pairs(Field.metadata),
      notes: version <= newestOpset
        ? [] : ["operator set \(version) is newer than \(newestOpset), as which its operators are read"])
  }

  /// The operator sets that a model or a function imports.
  static func opsets(_ message: OnnxMessage, _ field: Int32, _ name: String) throws(MTLError) -> [String: Int] {
    var opsets: [String: Int] = [:]
    for entry in message.children(field) {
      let domain = entry.text(1) == "ai.onnx" ? "" : entry.text(1)
      let version = entry.integer(2)
      guard version >= 1 || !domain.isEmpty else {
        throw MTLError(.badFormat, name, expected: "an operator set of version 1 or later", found: "\(version)")
      }
      opsets[domain] = max(version, opsets[domain] ?? version)
    }
    // Files before operator sets had versions.
    if opsets[""] == nil { opsets[""] = 1 }
    return opsets
  }
}

extension Bytes {
  /// A number as protobuf writes it, 7 bits a byte; `offset` goes behind it. nil where the bytes end within.
  fileprivate func variableInteger(at offset: inout Int) -> UInt64? {
    var value: UInt64 = 0
    for position in 0..<10 {
      guard let byte = self[offset] else { return nil }
      offset += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * position)
      if byte < 0x80 { return value }
    }
    return .max
  }
}
