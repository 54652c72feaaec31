import MTLGraph

/// What kind of checkpoint a file is, by its first bytes.
enum WeightFileKind: Equatable {
  /// A ZIP archive; only its contents tell whether it is PyTorch's.
  case zip
  case torchLegacy
  case safetensors

  /// Fails with `badFormat` for what is no checkpoint and with `unsupported` for files of other tools, by name.
  static func of(_ bytes: Bytes, name: String) throws(MTLError) -> WeightFileKind {
    guard bytes.count > 0 else { throw MTLError(.badFormat, name, "is empty (0 bytes)") }
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06]) { return .zip }
    if isTorchLegacy(bytes) { return .torchLegacy }
    if isSafetensors(bytes) { return .safetensors }
    if let foreign = foreignKind(bytes) {
      throw MTLError(
        .unsupported, name, expected: "a PyTorch or safetensors checkpoint, or an ONNX file", found: foreign)
    }
    let start = (0..<Swift.min(8, bytes.count)).map { hexadecimal(bytes[$0] ?? 0) }.joined(separator: " ")
    throw MTLError(
      .badFormat, name, expected: "a PyTorch or safetensors checkpoint, or an ONNX file",
      found: "\(bytes.count) bytes of an unknown kind, starting with \(start)")
  }

  /// The legacy container starts with the pickled integer 0x1950a86a20f9469cfc6c, in any protocol
  /// (pytorch/pytorch:torch/serialization.py, `MAGIC_NUMBER`).
  private static func isTorchLegacy(_ bytes: Bytes) -> Bool {
    let magic: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    guard bytes[0] == 0x80 else { return false }
    // After PROTO, and in protocol 4 and later perhaps after FRAME with its 8 bytes.
    return [2, 11].contains { offset in magic.indices.allSatisfy { bytes[offset + $0] == magic[$0] } }
  }

  /// A header length that a header may have, and the brace that opens it.
  static func isSafetensors(_ bytes: Bytes) -> Bool {
    guard bytes[8] == UInt8(ascii: "{"), let length: UInt64 = try? bytes.integer(at: 0, of: "header length") else {
      return false
    }
    return length <= SafetensorsFile.maximumHeaderLength
  }

  /// Formats that people do try, by their signatures.
  private static func foreignKind(_ bytes: Bytes) -> String? {
    let signatures: [([UInt8], String)] = [
      ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file (Keras); export the model to ONNX"),
      ([0x93] + Array("NUMPY".utf8), "a NumPy array file"),
      ([0x1F, 0x8B], "a gzip file; decompress it first"),
      ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard file; decompress it first"),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz file; decompress it first"),
      (Array("BZh".utf8), "a bzip2 file; decompress it first"),
      (Array("7z".utf8) + [0xBC, 0xAF], "a 7-Zip archive; unpack it first"),
      (Array("GGUF".utf8), "a GGUF file"),
      (Array("version https://git-lfs".utf8), "a Git LFS pointer instead of the file; run `git lfs pull`"),
    ]
    if let match = signatures.first(where: { bytes.starts(with: $0.0) }) { return match.1 }
    return tarKind(bytes) ?? pickleKind(bytes) ?? (OnnxModel.recognizes(bytes) ? "an ONNX model" : nil)
      ?? textKind(bytes)
  }

  private static func tarKind(_ bytes: Bytes) -> String? {
    let ustar = Array("ustar".utf8)
    let isTar = ustar.indices.allSatisfy { bytes[257 + $0] == ustar[$0] }
    let old = ["sys_info", "pickle", "storages", "tensors", "./sys_info"].contains {
      bytes.starts(with: Array($0.utf8) + [0])
    }
    if isTar && old { return "a tar checkpoint of PyTorch before 0.1.10; load and save it with PyTorch again" }
    return isTar ? "a tar archive; unpack it first" : nil
  }

  private static func pickleKind(_ bytes: Bytes) -> String? {
    guard bytes[0] == 0x80, let version = bytes[1], (1...5).contains(version) else { return nil }
    return "a plain Python pickle; save the state dict with torch.save"
  }

  private static func textKind(_ bytes: Bytes) -> String? {
    guard let first = (0..<64).lazy.compactMap({ bytes[$0] }).first(where: { !" \t\r\n".utf8.contains($0) }) else {
      return nil
    }
    if first == UInt8(ascii: "<") { return "an HTML or XML text, perhaps the error page of a download" }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return "a JSON text" }
    return nil
  }
}

/// The start of a text from a file, for error messages: names have no limit of their own.
func clipped(_ text: String) -> String {
  text.utf8.count <= 100 ? text : "\(text.prefix(80))..."
}

/// Two hexadecimal digits.
func hexadecimal(_ byte: UInt8) -> String {
  let digits = String(byte, radix: 16)
  return digits.count == 1 ? "0" + digits : digits
}
