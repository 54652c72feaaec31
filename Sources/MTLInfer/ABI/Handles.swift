import CMTLInfer
import MTLGraph

/// An object behind a handle of the C interface. The handle holds one reference for each `create` and `retain`.
func handle(for object: AnyObject) -> OpaquePointer {
  unsafe OpaquePointer(Unmanaged.passRetained(object).toOpaque())
}

/// The object behind a handle that must not be null.
func object<Object: AnyObject>(
  _ handle: OpaquePointer?, _ name: String, as type: Object.Type = Object.self
) throws(MTLError) -> Object {
  guard let handle = unsafe handle else { throw MTLError(.invalidArgument, name, "is null") }
  return unsafe Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
}

/// The object behind a handle, or nil for null.
func object<Object: AnyObject>(_ handle: OpaquePointer?, as type: Object.Type) -> Object? {
  guard let handle = unsafe handle else { return nil }
  return unsafe Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
}

/// One more reference; null stays null.
func retain<Object: AnyObject>(_ handle: OpaquePointer?, as type: Object.Type) -> OpaquePointer? {
  if let handle = unsafe handle { unsafe _ = Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).retain() }
  return unsafe handle
}

/// One reference less; null is fine.
func release<Object: AnyObject>(_ handle: OpaquePointer?, as type: Object.Type) {
  if let handle = unsafe handle { unsafe Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).release() }
}
