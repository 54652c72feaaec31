import Synchronization

/// A flag that one holder at a time can take, without waiting.
public final class AtomicFlag: Sendable {
  private let isSet = Atomic<Bool>(false)

  public init() {}

  /// True if the flag was free and is now the caller's.
  public func take() -> Bool {
    isSet.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  public func clear() { isSet.store(false, ordering: .releasing) }
}
