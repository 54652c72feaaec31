extension String {
  /// With small letters for the capitals of ASCII. The standard library's `lowercased` brings the tables of all scripts,
  /// which are larger than the kernels.
  package var lowercasedASCII: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }, as: UTF8.self)
  }
}
