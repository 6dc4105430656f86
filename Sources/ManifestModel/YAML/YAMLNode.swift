internal import Core

/// One value of a YAML file and the place it was written at.
///
/// A block collection stands at the key that opens it, a flow collection at its bracket: that is
/// where a reader looks for what is missing from it. An aliased value stands at its anchor.
struct YAMLNode: Sendable {
  /// What the value is.
  enum Content: Sendable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
  }

  var content: Content
  var location: SourceLocation

  /// The entries of a mapping; `nil` for anything else.
  var entries: [YAMLEntry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  /// The elements of a sequence; `nil` for anything else.
  var elements: [YAMLNode]? {
    if case .sequence(let elements) = content { elements } else { nil }
  }

  /// A scalar; `nil` for collections.
  var scalar: YAMLScalar? {
    if case .scalar(let scalar) = content { scalar } else { nil }
  }

  /// The text of a scalar that is text by its spelling or by its quotes; `nil` for anything else.
  var text: String? {
    if case .text(let text)? = scalar?.value { text } else { nil }
  }

  /// The value under a key of a mapping; `nil` where there is none.
  subscript(key: String) -> YAMLNode? { entries?.first { $0.key.value == key }?.value }

  /// How messages name the value: "text `abc`", "the number 3", "a list".
  var summary: String {
    switch content {
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .scalar(let scalar): scalar.summary
    }
  }

  /// How many values it is, itself included.
  var size: Int {
    switch content {
    case .scalar: 1
    case .sequence(let elements): elements.reduce(1) { $0 + $1.size }
    case .mapping(let entries): entries.reduce(1) { $0 + 1 + $1.value.size }
    }
  }

  /// The same value as if all of it had been written in one place.
  func moved(to place: SourceLocation) -> YAMLNode {
    var copy = self
    copy.location = place
    switch content {
    case .scalar: break
    case .sequence(let elements):
      copy.content = .sequence(elements.map { $0.moved(to: place) })
    case .mapping(let entries):
      copy.content = .mapping(
        entries.map { entry in
          YAMLEntry(
            key: Located(entry.key.value, at: place), value: entry.value.moved(to: place))
        })
    }
    return copy
  }
}

/// One key of a mapping and its value.
struct YAMLEntry: Sendable {
  var key: Located<String>
  var value: YAMLNode
}
