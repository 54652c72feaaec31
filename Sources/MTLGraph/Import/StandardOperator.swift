/// How a node of a file becomes an operator.
public struct OperatorImport: Sendable {
  public let domain: String
  /// The operator's name in the standard.
  public let name: String
  /// Reads the attributes; what an operator set of another version means by them is decided here. Errors need not name
  /// the node.
  public let make: @Sendable (Attributes) throws(MTLError) -> any Operator

  public init(
    _ name: String, domain: String = "", _ make: @escaping @Sendable (Attributes) throws(MTLError) -> any Operator
  ) {
    self.domain = domain
    self.name = name
    self.make = make
  }
}

/// An operator that files of the ONNX standard name. It lists its names beside its meaning, in its own file, and stands
/// in `standardOperators`.
public protocol StandardOperator: Operator {
  static var imports: [OperatorImport] { get }
}

/// Which operator a node of a file is.
public enum OperatorCatalog {
  private struct Name: Hashable {
    let domain: String
    let name: String
  }

  private static let imports: [Name: OperatorImport] = {
    var imports: [Name: OperatorImport] = [:]
    for type in standardOperators {
      for each in type.imports { imports[Name(domain: each.domain, name: each.name)] = each }
    }
    return imports
  }()

  /// nil where the library has no such operator.
  public static func find(_ name: String, domain: String) -> OperatorImport? {
    imports[Name(domain: domain == "ai.onnx" ? "" : domain, name: name)]
  }

  /// The names of a domain that can be read.
  public static func names(domain: String) -> [String] {
    imports.keys.filter { $0.domain == domain }.map(\.name).sorted()
  }
}
