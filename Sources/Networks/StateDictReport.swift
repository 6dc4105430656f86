public import Archives

/// The tensors that fill an encoder, under the encoder's own names, and how they were found.
public struct MatchedState: Hashable, Sendable {
  /// In the order in which they were expected.
  public var tensors: [ArchivedTensor]
  /// How they were found, and what was not.
  public var report: LoadReport
}

/// How a weight file fits an encoder: an artifact, so that a report can say what was loaded.
public struct LoadReport: Hashable, Sendable, Codable {
  /// A tensor that is there under its name and has another shape.
  public struct ShapeMismatch: Hashable, Sendable, Codable {
    /// The expected name.
    public var name: String
    /// The shape that the encoder needs.
    public var expected: [Int]
    /// The shape in the file.
    public var found: [Int]
  }

  /// A tensor that the file spells in an old way.
  public struct Renaming: Hashable, Sendable, Codable {
    /// The name in the file.
    public var from: String
    /// The expected name.
    public var to: String
  }

  /// Expected names that are filled, in the order in which they were expected.
  public var matched: [String] = []
  /// Expected names that the file lacks and that nothing can stand in for.
  public var missing: [String] = []
  /// Expected names that the file may lack and does lack.
  public var absentOptional: [String] = []
  /// Expected names whose tensors have another shape.
  public var shapeMismatches: [ShapeMismatch] = []
  /// Names of the file that belong to heads, which an encoder does not need.
  public var ignored: [String] = []
  /// Other names of the file that nothing expected.
  public var unexpected: [String] = []
  /// Those of them that lie inside the encoder: the file is of another, larger encoder.
  public var surplus: [String] = []
  /// What was taken off the file's names, outermost first.
  public var strippedPrefixes: [String] = []
  /// Names that were read in their new spelling.
  public var renamed: [Renaming] = []
  /// Elements that are filled and that should be.
  public var parametersMatched = 0
  /// Elements of the expected tensors, without optional ones that are absent.
  public var parametersExpected = 0

  /// A report of nothing yet.
  public init(strippedPrefixes: [String] = []) { self.strippedPrefixes = strippedPrefixes }

  /// The part of the expected elements that is filled, from 0 to 1; 1 if none are expected.
  public var share = 1.0

  /// Whether the file is of this encoder: nothing would keep its random start, nothing is left over.
  public var isComplete: Bool {
    missing.isEmpty && shapeMismatches.isEmpty && surplus.isEmpty
  }
}

/// A weight file that does not fill the encoder; never answered by a random start.
public struct EncoderMismatch: Error, Hashable, CustomStringConvertible {
  /// What is missing or has another shape.
  public let report: LoadReport
  /// The first few names of the file, to see what it is.
  public let namesInFile: [String]

  /// What to do about it, as an imperative.
  public var hint: String {
    if report.matched.isEmpty, report.shapeMismatches.isEmpty {
      let names = namesInFile.map { "`\($0)`" }.joined(separator: ", ")
      return "name the weights of this encoder; the file holds \(names.isEmpty ? "none" : names)"
    }
    return report.shapeMismatches.count > report.missing.count || !report.surplus.isEmpty
      ? "choose the encoder that the weights were trained with"
      : "check that the file holds the whole encoder"
  }

  public var description: String {
    let percent = Int((report.share * 100).rounded(.down))
    var problems: [String] = []
    if !report.missing.isEmpty {
      problems.append(
        (report.missing.count == 1 ? "1 tensor is" : "\(report.missing.count) tensors are")
          + " missing (\(Self.first(report.missing)))")
    }
    if !report.shapeMismatches.isEmpty {
      let shapes = report.shapeMismatches.map { "\($0.name) is \($0.found), not \($0.expected)" }
      problems.append(
        "\(shapes.count) \(shapes.count == 1 ? "has" : "have") another shape "
          + "(\(Self.first(shapes)))")
    }
    if !report.surplus.isEmpty {
      problems.append(
        "\(report.surplus.count) of the file's tensors have no place in it "
          + "(\(Self.first(report.surplus)))")
    }
    return "the weights fill \(percent) % of the encoder: "
      + problems.joined(separator: " and ") + "; \(hint)"
  }

  private static func first(_ items: [String]) -> String {
    items.prefix(3).joined(separator: ", ") + (items.count > 3 ? ", ..." : "")
  }
}
