import FoundationEssentials

/// Prints a value as JSON on standard output; the property `encoderMs` becomes "encoder_ms". JSON has no infinite numbers;
/// they become texts.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  try writeLine(String(decoding: try encoder.encode(value), as: UTF8.self))
}
