extension PickleGlobal {
  /// What the machine does when a pickle asks to call or build this name.
  enum Meaning {
    case orderedDictionary
    case counter
    case emptyDictionary
    case tensor(TensorRebuild)
    case tensorOfType
    case parameter
    case size
    /// A value nobody reads, of a kind known to be harmless.
    case opaque
    /// An object of some class, kept as its name and arguments.
    case instance
    /// An object whose class is the first argument.
    case reconstruction
    case refused
  }

  /// The functions that PyTorch writes for a tensor.
  enum TensorRebuild { case plain, withHooks, withType }

  /// The meaning of this name in a call. Functions must be listed; classes that are not stand for
  /// inert instances, because training checkpoints carry them beside their weights.
  var meaning: Meaning {
    if isForbidden { return .refused }
    if let known = Self.known[description] { return known }
    return isNamedLikeAClass ? .instance : .refused
  }

  /// Whether the name alone is enough to refuse the file: nothing in a weight file needs it.
  var isForbidden: Bool {
    if ["builtins", "__builtin__"].contains(module) { return Self.known[description] == nil }
    let parts = module.split(separator: ".") + name.split(separator: ".").dropLast()
    return parts.contains { Self.forbiddenModules.contains(String($0)) }
  }

  /// PEP 8 writes classes with a capital and functions without.
  private var isNamedLikeAClass: Bool {
    let last = name.split(separator: ".").last ?? ""
    return last.drop { $0 == "_" }.first?.isUppercase ?? false
  }

  private static let known: [String: Meaning] = {
    var known: [String: Meaning] = [
      "collections.OrderedDict": .orderedDictionary,
      "collections.Counter": .counter,
      "collections.defaultdict": .emptyDictionary,
      "torch._utils._rebuild_tensor": .tensor(.plain),
      "torch._utils._rebuild_tensor_v2": .tensor(.withHooks),
      "torch._utils._rebuild_tensor_v3": .tensor(.withType),
      "torch._tensor._rebuild_from_type_v2": .tensorOfType,
      "torch._utils._rebuild_parameter": .parameter,
      "torch._utils._rebuild_parameter_with_state": .parameter,
      "torch.nn.parameter.Parameter": .parameter,
      "torch.Size": .size,
      "torch.device": .opaque,
      "_codecs.encode": .opaque,
      "numpy.dtype": .instance,
      "numpy.ndarray": .instance,
      "functools.partial": .instance,
      "copy_reg._reconstructor": .reconstruction,
      "copyreg._reconstructor": .reconstruction,
    ]
    for module in ["numpy.core.multiarray", "numpy._core.multiarray"] {
      known["\(module).scalar"] = .opaque
      known["\(module)._reconstruct"] = .opaque
    }
    let inert = [
      "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list",
      "object", "range", "set", "slice", "str", "tuple", "long", "unicode",
    ]
    for name in inert {
      known["builtins.\(name)"] = .opaque
      known["__builtin__.\(name)"] = .opaque
    }
    return known
  }()

  /// Modules through which a pickle would reach the machine; PyTorch too blocks the first four.
  private static let forbiddenModules: Set<String> = [
    "sys", "os", "posix", "nt", "subprocess", "importlib", "runpy", "shutil", "socket", "ctypes",
    "_ctypes", "pty", "commands", "code", "codeop", "pickle", "_pickle", "cPickle", "marshal",
    "operator", "_operator", "webbrowser", "multiprocessing", "threading", "_thread", "asyncio",
    "signal", "pdb", "bdb", "timeit", "profile", "cProfile", "pydoc", "tempfile", "http", "urllib",
    "requests", "site", "ensurepip", "pip", "imp", "zipimport", "pkgutil", "ntpath", "posixpath",
    "popen2", "platform", "smtplib", "ftplib", "telnetlib", "distutils", "setuptools", "inspect",
    "gc", "atexit", "linecache", "trace", "doctest", "unittest", "concurrent", "dill",
    "cloudpickle", "joblib", "builtins", "__builtin__",
  ]
}
