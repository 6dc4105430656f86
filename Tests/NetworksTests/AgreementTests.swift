import Foundation
import Networks
import Testing

/// The figures of Fixtures/engine.json: PyTorch's results on tensors that a rule fills.
@Suite("PyTorch's figures")
struct AgreementTests {
  static func load() throws -> ReferenceAgreement {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/engine", withExtension: "json"))
    return try ReferenceAgreement(json: [UInt8](Data(contentsOf: url)), tag: "dev")
  }

  static var names: [String] { (try? load().names) ?? [] }

  @Test("every row agrees within its tolerance", arguments: names)
  func agrees(name: String) throws {
    for row in try Self.load().rows(named: name, threads: 2) {
      #expect(row.agrees, "\(row.name): \(row.deviation), where \(row.tolerance) is allowed")
    }
  }

  @Test("the fixture has every kind of row")
  func isComplete() throws {
    #expect(try Self.load().names.count == 38)
  }
}
