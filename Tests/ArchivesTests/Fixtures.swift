import Archives
import Foundation
import Testing

/// A committed file under `Fixtures/`.
func fixture(_ name: String) throws -> [UInt8] {
  let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
  return [UInt8](try Data(contentsOf: url))
}

/// The error that some work throws; a failure of the test if it throws none.
func archiveError<Value>(
  _ work: () throws -> Value, sourceLocation: SourceLocation = #_sourceLocation
) -> ArchiveError? {
  do {
    _ = try work()
    Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    return nil
  } catch {
    return error as? ArchiveError
  }
}

/// `weights.json`: what each fixture must be read as.
struct ExpectedFile: Decodable {
  struct Tensor: Decodable {
    var dtype: String
    var shape: [Int]
    var sum: Double
    var first: Double
    var last: Double
  }

  var loads: Bool?
  var tensors: [String: Tensor]?

  static func all() throws -> [String: ExpectedFile] {
    try JSONDecoder().decode([String: ExpectedFile].self, from: Data(fixture("weights.json")))
  }
}

/// Lowest byte first.
func little(_ value: Int, _ width: Int) -> [UInt8] {
  (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// Bytes that must be refused, under a name that test output can show.
struct BadBytes: CustomTestStringConvertible {
  var testDescription: String
  var bytes: [UInt8]
  var code: ArchiveError.Code

  init(_ name: String, _ bytes: [UInt8], _ code: ArchiveError.Code) {
    testDescription = name
    self.bytes = bytes
    self.code = code
  }
}
