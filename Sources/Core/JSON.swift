internal import FoundationEssentials

/// JSON with one spelling: keys in order, no escaped slashes, numbers as shortest decimals.
public enum JSON {
  /// One line of JSON.
  public static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return [UInt8](try encoder.encode(value))
    } catch {
      // Our own values always encode; a number that is not finite must not reach this place.
      preconditionFailure("a value could not be written as JSON: \(error)")
    }
  }

  /// One line of JSON, as text.
  public static func text(_ value: some Encodable) -> String {
    String(decoding: encode(value), as: UTF8.self)
  }

  public static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8]
  ) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes))
  }
}
