public import Core

/// Something wrong with a dataset's files: what, where, and what to do about it.
public struct DatasetProblem: Hashable, Sendable {
  /// Errors refuse the dataset, warnings do not.
  public var severity: Diagnostic.Severity
  /// A stable identity such as `dataset.mask-missing`.
  public var code: Diagnostic.Code
  /// The file's name relative to the dataset's root; empty where it is about the whole.
  public var file: String
  public var message: String
  /// The edit that would make the problem go away, as an imperative.
  public var hint: String?

  public init(
    severity: Diagnostic.Severity = .error, code: Diagnostic.Code, file: String, message: String,
    hint: String? = nil
  ) {
    self.severity = severity
    self.code = code
    self.file = file
    self.message = message
    self.hint = hint
  }
}

extension DatasetProblem: CustomStringConvertible {
  /// The problem in one line, without its hint.
  public var description: String {
    "\(file.isEmpty ? "" : file + ": ")\(severity.rawValue)[\(code)]: \(message)"
  }
}
