/// Dropout when a network is evaluated: nothing.
public struct Dropout: PassThroughOperator {
  public static let name = "Dropout"
  public init() {}
}
