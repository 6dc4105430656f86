import ArgumentParser
import Core
import Execution
import Foundation
import Planning
import Storage
import Testing

@testable import microtome

extension ProgramTests {
  @Suite("Writing the results fails")
  struct FailingResultsTests {
    /// Every file of the results with its bytes.
    private func results(_ program: Program) throws -> [String: Data] {
      let base = program.directory.appending(path: "results/cheap")
      let names = try FileManager.default.subpathsOfDirectory(atPath: base.path).filter {
        !base.appending(path: $0).hasDirectoryPath
      }
      return Dictionary(
        uniqueKeysWithValues: names.compactMap { name in
          (try? Data(contentsOf: base.appending(path: name))).map { (name, $0) }
        })
    }

    @Test(
      "each operation in turn: an error with its path or the right bytes; then all of them",
      arguments: FailingFileSystem.Fault.allCases)
    private func each(fault: FailingFileSystem.Fault) throws {
      let program = try CheapStudy.finished.get().copy()
      let undisturbed = try results(program)
      let directory = program.directory.appending(path: "results")
      let manifest = program.directory.appending(path: "study.yaml").path
      let session = try Session(StudyOptions.parse([manifest]))
      let externals = try session.scan()
      let resolution = try session.resolve(externals)
      let records = Dictionary(
        uniqueKeysWithValues: session.plan.steps.map { ($0.id, resolution.record(of: $0.id)!) })
      func write(_ files: any FileSystem) throws {
        _ = try ResultsDirectory(session, replace: false, files: files)
          .write(records: records, externals: externals)
      }
      var failures = 0
      for turn in 1... {
        try FileManager.default.removeItem(at: directory)
        let failing = FailingFileSystem(LocalFileSystem(), fault, turn: turn)
        var words: String?
        do { try write(failing) } catch let error as FileError { words = error.description }
        guard let path = failing.failed else { break }
        failures += 1
        if let words {
          #expect(words.contains(path.text), "\(turn)")
          try write(LocalFileSystem())
        }
        let written = try results(program).filter { !$0.key.hasSuffix(".tmp") }
        #expect(written == undisturbed, "\(turn): \(path)")
      }
      #expect(failures >= 5)
      #expect(try program.execute(CheapStudy.manifest).isEmpty)
      program.clean()
    }
  }
}
