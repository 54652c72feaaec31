import MTLGraph

/// What a class or function that a pickle names may be used for. Nothing is ever looked up or called; the rules decide
/// which pickles are refused because they cannot be understood as data, or could only be an attack on other readers.
enum PickleGlobals {
  /// What calling a global means.
  enum Call {
    case dictionary
    case set
    case list
    /// The result is the single argument itself: `torch.Size((2, 3))`.
    case argument
    /// The first argument is the class of the new object: `copyreg._reconstructor(cls, base, state)`.
    case reconstructor
    /// The result is kept as a description of the call.
    case object
    case refused
  }

  /// Fails for a global that has no place in a checkpoint, before anything is done with it.
  static func check(module: String, name: String, of subject: String) throws(MTLError) {
    let root = module.prefix { $0 != "." }
    let isBuiltin = module == "builtins" || module == "__builtin__"
    // `name` may be a path of attributes: os.path.os.system.
    let isDenied = deniedModules.contains(String(root)) || (isBuiltin && !builtins.contains(name))
    guard !isDenied else {
      throw MTLError(
        .unsupported, subject,
        "the pickle asks for \(clipped(module)).\(clipped(name)), which no checkpoint needs; the file may be an attack. It was not executed"
      )
    }
  }

  /// Modules through which a pickle would run code, reach files, processes or the network.
  private static let deniedModules: Set<String> = [
    "os", "posix", "nt", "posixpath", "ntpath", "subprocess", "sys", "importlib", "imp", "runpy", "socket", "shutil",
    "ctypes", "_ctypes", "webbrowser", "pty", "codeop", "popen2", "pickle", "_pickle",
    "cPickle", "marshal", "shelve", "types", "operator", "_operator", "inspect", "gc", "threading", "_thread",
    "multiprocessing", "signal", "asyncio", "urllib", "urllib2", "http", "httplib", "requests", "ftplib", "smtplib",
    "telnetlib", "ssl", "tempfile", "glob", "io", "_io", "fileinput", "pip", "setuptools", "distutils", "ensurepip",
    "venv", "pdb", "bdb", "cProfile", "timeit", "doctest", "pydoc", "idlelib", "tkinter", "zipimport",
    "pkgutil", "nturl2path", "linecache", "compileall", "py_compile",
    "fcntl", "mmap", "atexit", "sched", "crypt", "winreg", "_winreg", "msvcrt", "_posixsubprocess", "xmlrpc", "cffi",
  ]

  private static let builtins: Set<String> = [
    "set", "frozenset", "list", "dict", "tuple", "bytearray", "bytes", "complex", "slice", "range", "xrange", "object",
    "int", "long", "float", "bool", "str", "unicode", "type", "Ellipsis", "NotImplemented", "NoneType",
  ]

  /// What a call of `global`, a full name, gives.
  static func call(_ global: String) -> Call {
    switch global {
    case "collections.OrderedDict", "collections.defaultdict", "builtins.dict", "__builtin__.dict": .dictionary
    case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset": .set
    case "builtins.list", "__builtin__.list": .list
    case "torch.Size": .argument
    case "copyreg._reconstructor", "copy_reg._reconstructor": .reconstructor
    default: describedCalls.contains(global) || isDescribedModule(global) ? .object : .refused
    }
  }

  /// Calls whose description is enough: the tensors that a reader takes, and values that it walks past.
  private static let describedCalls: Set<String> = [
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state", "torch._utils._rebuild_qtensor",
    "torch._utils._rebuild_sparse_tensor", "torch._utils._rebuild_meta_tensor_no_storage",
    "torch._utils._rebuild_nested_tensor", "torch._utils._rebuild_wrapper_subclass",
    "torch._utils._rebuild_device_tensor_from_numpy", "torch._utils._rebuild_device_tensor_from_cpu_tensor",
    "torch._utils._rebuild_xla_tensor", "torch._tensor._rebuild_from_type", "torch._tensor._rebuild_from_type_v2",
    "torch.nn.parameter.Parameter", "torch.nn.parameter.Buffer", "torch.autograd.variable.Variable",
    "torch.device", "torch.storage._load_from_bytes", "torch.serialization._get_layout",
    "torch._C._autograd.ScalarType", "torch.Generator", "torch.random.Generator",
    "collections.Counter", "collections.deque", "collections.namedtuple", "_codecs.encode",
    "builtins.bytearray", "__builtin__.bytearray", "builtins.bytes", "__builtin__.bytes", "builtins.complex",
    "__builtin__.complex", "builtins.slice", "__builtin__.slice", "builtins.range", "__builtin__.xrange",
    "builtins.object", "__builtin__.object", "builtins.tuple", "__builtin__.tuple", "builtins.str", "builtins.int",
    "builtins.float", "builtins.bool", "argparse.Namespace", "functools.partial", "copyreg.__newobj__",
    "copy_reg.__newobj__", "decimal.Decimal", "fractions.Fraction", "uuid.UUID",
    "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct", "numpy._core.multiarray.scalar", "numpy.core.numeric._frombuffer",
    "numpy._core.numeric._frombuffer",
  ]

  private static func isDescribedModule(_ global: String) -> Bool {
    ["pathlib.", "datetime.", "numpy.random.", "pytz.", "zoneinfo."].contains { global.hasPrefix($0) }
  }

  /// Whether a call looks like an enumeration's value, which pickles as a call of its class with one plain value. The
  /// class itself is unknown, so its name has to look like one.
  static func isEnumerationLike(_ global: String, _ arguments: [PickleReference], in heap: PickleHeap) -> Bool {
    let name = global.split(separator: ".").last ?? ""
    guard arguments.count == 1, let initial = name.first, initial.isUppercase else { return false }
    switch heap[arguments[0]] {
    case .integer, .text, .bool, .number: return true
    default: return false
    }
  }
}
