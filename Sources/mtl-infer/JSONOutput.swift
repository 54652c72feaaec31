import FoundationEssentials

/// Prints a value as JSON on standard output; the property `encoderMs` becomes "encoder_ms".
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  try writeLine(String(decoding: try encoder.encode(value), as: UTF8.self))
}
