/// A file that could not be read: what is wrong, in which part of it, and where.
///
/// Messages name structure (tensor names, globals, offsets), never the content of a value.
public struct ArchiveError: Error, Hashable, Sendable {
  /// A place inside the file.
  public enum Place: Hashable, Sendable {
    /// Bytes from the start of the part.
    case byte(Int)
  }

  /// What is wrong, for programs.
  public var code: Code
  /// Which part of the file: `safetensors header`, `data.pkl`, `central directory`.
  public var part: String
  /// Where in the part, if it can be said.
  public var place: Place?
  /// What is wrong, for people.
  public var reason: String
  /// What to do about it, as an imperative, if there is something to do.
  public var hint: String?

  /// Describes one badness; there is no other way for this module to fail.
  public init(
    _ code: Code, in part: String, at place: Place? = nil, _ reason: String, hint: String? = nil
  ) {
    self.code = code
    self.part = part
    self.place = place
    self.reason = reason
    self.hint = hint
  }

  /// Names from a file as they may be shown: at most 80 scalars, control characters replaced.
  static func shown(_ name: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in name.unicodeScalars.prefix(80) {
      let visible = scalar.value >= 32 && !(0x7F...0x9F).contains(scalar.value)
      scalars.append(visible && !scalar.properties.isBidiControl ? scalar : "\u{FFFD}")
    }
    return String(scalars) + (name.unicodeScalars.count > 80 ? "…" : "")
  }
}

extension ArchiveError {
  /// A stable, greppable identity for each way in which a file can be bad.
  public enum Code: String, Hashable, Sendable, CaseIterable, Codable {
    case truncated = "archive.truncated"
    case unrecognised = "archive.unrecognised"
    case tooLarge = "archive.too-large"
    case checksum = "archive.checksum"
    case bigEndian = "archive.big-endian"
    case elementType = "archive.element-type"
    case shape = "archive.shape"
    case duplicateName = "archive.duplicate-name"

    case headerLength = "safetensors.header-length"
    case headerSyntax = "safetensors.header-syntax"
    case offsetsReversed = "safetensors.offsets-reversed"
    case offsetsBeyondEnd = "safetensors.offsets-beyond-end"
    case hole = "safetensors.hole"
    case overlap = "safetensors.overlap"
    case sizeMismatch = "safetensors.size-mismatch"
    case trailingBytes = "safetensors.trailing-bytes"

    case directory = "zip.directory"
    case compressedEntry = "zip.compressed-entry"
    case encryptedEntry = "zip.encrypted-entry"
    case missingEntry = "zip.missing-entry"

    case opcode = "pickle.opcode"
    case stack = "pickle.stack"
    case memo = "pickle.memo"
    case operand = "pickle.operand"
    case forbiddenGlobal = "pickle.forbidden-global"

    case torchScript = "torch.torchscript"
    case torchTar = "torch.tar"
    case storage = "torch.storage"
    case view = "torch.view"
    case noStateDict = "torch.no-state-dict"

    case npyHeader = "npy.header"
    case npySize = "npy.size"
    case npyValue = "npy.value"

    case matHeader = "mat.header"
    case matElement = "mat.element"
    case matValue = "mat.value"
  }
}

extension ArchiveError: CustomStringConvertible {
  /// One line: `data.pkl, byte 629: what is wrong [pickle.opcode]; what to do`.
  public var description: String { statement + (hint.map { "; \($0)" } ?? "") }

  /// What is wrong and where, without the way out: for messages that show the hint on its own.
  public var statement: String {
    let location =
      switch place {
      case .byte(let offset): ", byte \(offset)"
      case nil: ""
      }
    return "\(part)\(location): \(reason) [\(code.rawValue)]"
  }
}
