import Core
import Foundation
import Testing

@testable import microtome_fuzz

@Suite("Damaged files")
struct CampaignTests {
  static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The program stands beside the test bundle, whose executable is this process.
  static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "microtome-fuzz")

  /// Enough for every kind of damage to every kind of file; the long runs are a command.
  static let executions = 2000

  struct Outcome: Decodable {
    var parser: String
    var executions: Int
    var accepted: Int
    var crashes: [Crash]
    struct Crash: Decodable {
      var number: Int
      var end: String
      var path: String
    }
  }

  @Test(
    "whatever the bytes, a parser reads or refuses them within its memory and time",
    arguments: Parser.allCases.map(\.rawValue))
  func parser(name: String) throws {
    let outcome = try #require(try Self.run([name, "--executions", "\(Self.executions)"]).first)
    #expect(outcome.crashes.isEmpty, "\(outcome.crashes)")
    #expect(outcome.executions == Self.executions)
    // Damage must reach both outcomes, or it tests nothing.
    #expect(outcome.accepted > 0)
    #expect(outcome.accepted < Self.executions)
  }

  /// The seeds hold a pickle that would make this file.
  @Test("no pickle of the corpus was run")
  func nothingWasRun() throws {
    _ = try Self.run([Parser.torchZip.rawValue, "--executions", "20"])
    #expect(!FileManager.default.fileExists(atPath: "microtome-was-here"))
  }

  static func run(_ arguments: [String]) throws -> [Outcome] {
    let process = Process()
    let output = Pipe()
    let artifacts = FileManager.default.temporaryDirectory.appending(path: "microtome-fuzz")
    process.executableURL = executable
    process.arguments =
      arguments + ["--json", "--tests", tests.path, "--artifacts", artifacts.path]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let json = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return try JSONDecoder().decode([Outcome].self, from: json)
  }
}
