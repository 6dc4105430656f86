// With coverage to guide it, libFuzzer goes deeper than damage that is drawn blindly. It brings its
// own `main`; the parser comes from the environment, because the command line is its own:
//
//     swift build -c release --sanitize fuzzer -Xswiftc -DFUZZER --product microtome-fuzz \
//       --scratch-path .build/fuzzer
//     MICROTOME_PARSER=png .build/fuzzer/release/microtome-fuzz -max_total_time=3600 CORPUS SEEDS
#if FUZZER
  private import Core
  private import Glibc

  /// The parser under attack.
  private let parser: Parser = {
    let name = getenv("MICROTOME_PARSER").map { String(cString: $0) } ?? ""
    guard let parser = Parser(rawValue: name) else {
      fatalError("MICROTOME_PARSER is one of \(Parser.allCases.map(\.rawValue))")
    }
    return parser
  }()

  /// One file for the parser.
  @_cdecl("LLVMFuzzerTestOneInput")
  public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = parser.accepts(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
  }

  @_silgen_name("LLVMFuzzerMutate")
  private func mutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int) -> Int

  /// libFuzzer's own damage, with checksums that fit again most of the time.
  @_cdecl("LLVMFuzzerCustomMutator")
  public func mutateAndMend(
    _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int, _ seed: UInt32
  ) -> Int {
    let count = mutate(bytes, count, most)
    if seed % 8 != 0 {
      var file = Array(UnsafeBufferPointer(start: bytes, count: count))
      parser.mend(&file)
      for i in 0..<min(count, file.count) { bytes[i] = file[i] }
    }
    return count
  }
#endif
