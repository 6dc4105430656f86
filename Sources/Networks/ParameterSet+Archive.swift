public import Archives
public import Learning

/// Named tensors in PyTorch's layout and in the order of a state dict.
public typealias NamedTensors = [ArchivedTensor]

/// A state dict that does not fit the network; nothing was loaded.
public enum UnusableState: Error, Hashable, CustomStringConvertible {
  case missing(key: String)
  case shape(key: String, expected: [Int], found: [Int])
  case unexpected(key: String)

  public var description: String {
    switch self {
    case .missing(let key): "the weights lack `\(key)`"
    case .shape(let key, let expected, let found):
      "`\(key)` has shape \(found), where the network wants \(expected)"
    case .unexpected(let key): "the network has no place for `\(key)`"
    }
  }
}

extension ParameterSet {
  /// All parameters and statistics, in order.
  ///
  /// - Parameter prefix: What is cut off the names; parameters without it are left out.
  public func export(dropping prefix: String = "") -> NamedTensors {
    all.filter { $0.name.hasPrefix(prefix) }.map { parameter in
      ArchivedTensor(
        name: String(parameter.name.dropFirst(prefix.count)), shape: parameter.shape,
        values: parameter.array)
    }
  }

  /// Replaces every parameter and statistic; `num_batches_tracked` is passed over.
  ///
  /// - Parameters:
  ///   - prefix: What the parameters' names have before the tensors' names.
  ///   - ignored: The beginning of further names that are passed over, such as `fc.`.
  public func load(
    _ tensors: NamedTensors, adding prefix: String = "", ignoring ignored: String? = nil
  ) throws(UnusableState) {
    var found: [String: ArchivedTensor] = [:]
    for tensor in tensors {
      let isIgnored =
        tensor.name.hasSuffix("num_batches_tracked")
        || ignored.map { tensor.name.hasPrefix($0) } ?? false
      if isIgnored { continue }
      guard let parameter = find(prefix + tensor.name) else {
        throw .unexpected(key: tensor.name)
      }
      guard parameter.shape == tensor.shape else {
        throw .shape(key: tensor.name, expected: parameter.shape, found: tensor.shape)
      }
      found[prefix + tensor.name] = tensor
    }
    for parameter in all where found[parameter.name] == nil {
      throw .missing(key: String(parameter.name.dropFirst(prefix.count)))
    }
    for parameter in all {
      found[parameter.name]?.withValues { parameter.set($0) }
    }
  }
}
