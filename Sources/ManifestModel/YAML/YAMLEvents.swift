internal import CYAML
internal import Core

/// The events of one YAML text in turn; libyaml does the scanning.
struct YAMLEvents: ~Copyable {
  /// What an event says, without its place.
  enum Kind {
    case scalar(String, style: YAMLScalar.Style, tag: String?, anchor: String?)
    case sequenceStart(tag: String?, anchor: String?, isFlow: Bool)
    case mappingStart(tag: String?, anchor: String?, isFlow: Bool)
    case collectionEnd
    case alias(String)
    case documentStart
    case documentEnd
    case streamStart
    case streamEnd
  }

  // libyaml keeps pointers into the parser and the text, so neither may move while it lives.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let text: UnsafeMutableBufferPointer<UInt8>
  private let file: String

  /// Takes valid UTF-8 without a byte-order mark.
  init(_ bytes: ArraySlice<UInt8>, file: String) {
    self.file = file
    text = .allocate(capacity: max(1, bytes.count))
    _ = text.initialize(from: bytes)
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    precondition(yaml_parser_initialize(parser) == 1, "libyaml has no memory left")
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    text.deallocate()
  }

  /// The next event and where it starts.
  mutating func next() throws(YAMLFailure) -> (kind: Kind, location: SourceLocation) {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { yaml_event_delete(&event) }
    return (kind(of: event), place(event.start_mark))
  }

  private func kind(of event: yaml_event_t) -> Kind {
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let style: YAMLScalar.Style =
        switch scalar.style {
        case YAML_PLAIN_SCALAR_STYLE: .plain
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
        default: .quoted
        }
      let characters = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return .scalar(
        String(decoding: characters, as: UTF8.self), style: style, tag: string(scalar.tag),
        anchor: string(scalar.anchor))
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      return .sequenceStart(
        tag: string(start.tag), anchor: string(start.anchor),
        isFlow: start.style == YAML_FLOW_SEQUENCE_STYLE)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      return .mappingStart(
        tag: string(start.tag), anchor: string(start.anchor),
        isFlow: start.style == YAML_FLOW_MAPPING_STYLE)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .collectionEnd
    case YAML_ALIAS_EVENT: return .alias(string(event.data.alias.anchor) ?? "")
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_STREAM_START_EVENT: return .streamStart
    default: return .streamEnd
    }
  }

  private func string(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }

  /// libyaml counts lines and columns from 0, columns in Unicode scalars.
  private func place(_ mark: yaml_mark_t) -> SourceLocation {
    SourceLocation(file: file, line: mark.line + 1, column: mark.column + 1)
  }

  private func failure() -> YAMLFailure {
    let state = parser.pointee
    let problem = state.problem.map { String(cString: $0) } ?? "it cannot be read"
    if state.error == YAML_READER_ERROR {
      // The reader runs ahead of the scanner and knows only how many bytes it has taken.
      let seen = text[..<min(text.count, state.problem_offset)]
      return YAMLFailure(
        .error(
          "yaml.syntax", "this is not YAML: \(problem)",
          at: SourceText.location(after: seen, file: file),
          hint: "remove the character, or write it as an escape in double quotes"))
    }
    let context = state.context.map { String(cString: $0) + ", " } ?? ""
    // What has no end is mended where it starts.
    let isOpen = problem == "found unexpected end of stream" && state.context != nil
    return YAMLFailure(
      .error(
        "yaml.syntax", "this is not YAML: \(context)\(problem)",
        at: place(isOpen ? state.context_mark : state.problem_mark),
        hint: Self.hint(for: problem)))
  }

  private static func hint(for problem: String) -> String {
    switch problem {
    case "found character that cannot start any token":
      "indent with spaces, and quote text that starts with `@`, `%`, a backtick or a tab"
    case "mapping values are not allowed in this context":
      "quote text that contains `: `, or align this key with the ones above it"
    case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
      "close the bracket, or put a comma between the elements"
    case "could not find expected ':'": "put `: ` after the key"
    case "found unexpected end of stream": "close the quote"
    default: "check the indentation, brackets and quotes here and on the line before"
    }
  }
}

/// A text that cannot be read any further.
struct YAMLFailure: Error {
  var diagnostic: Diagnostic
  init(_ diagnostic: Diagnostic) { self.diagnostic = diagnostic }
}
