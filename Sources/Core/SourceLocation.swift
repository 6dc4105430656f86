/// A place in a text file: 1-based line and column, columns counted in Unicode scalars.
public struct SourceLocation: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The file as the user named it.
  public var file: String
  public var line: Int
  public var column: Int

  public init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  public var description: String { "\(file):\(line):\(column)" }

  public static func < (a: SourceLocation, b: SourceLocation) -> Bool {
    (a.file, a.line, a.column) < (b.file, b.line, b.column)
  }
}

/// A value and the place it was written at; compares by value only.
///
/// Moving a line must not change an experiment's identity, so equality, hashing and encoding ignore
/// the place. The place is `nil` for a value that nobody wrote, such as a default.
@dynamicMemberLookup
public struct Located<Value> {
  public var value: Value
  public var location: SourceLocation?

  public init(_ value: Value, at location: SourceLocation? = nil) {
    self.value = value
    self.location = location
  }

  /// Reads through to the value's own members.
  public subscript<Member>(dynamicMember path: KeyPath<Value, Member>) -> Member {
    value[keyPath: path]
  }

  /// The result of applying a function to the value, at the same place.
  public func map<Result>(_ transform: (Value) -> Result) -> Located<Result> {
    Located<Result>(transform(value), at: location)
  }
}

extension Located: Equatable where Value: Equatable {
  public static func == (a: Located, b: Located) -> Bool { a.value == b.value }
}
extension Located: Hashable where Value: Hashable {
  public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
extension Located: Sendable where Value: Sendable {}
