private import CProcessorPeak

/// What the processor can do at most, in GFLOP/s of one thread: multiply-adds in registers alone.
struct ProcessorPeak {
  /// With vectors of 256 bits; 0 where they are not there.
  let avx2: Double
  /// With vectors of 512 bits; 0 where they are not there.
  let avx512: Double

  var best: Double { max(avx2, avx512) }

  /// Measures both, the fastest of several runs each.
  static func measure() -> ProcessorPeak {
    ProcessorPeak(
      avx2: rate(bits: Int32(CPROCESSORPEAK_VECTOR_256)),
      avx512: rate(bits: Int32(CPROCESSORPEAK_VECTOR_512)))
  }

  /// The rate of one short run with the longest vectors that there are.
  func sample() -> Double {
    let bits = Int32(avx512 > 0 ? CPROCESSORPEAK_VECTOR_512 : CPROCESSORPEAK_VECTOR_256)
    return Self.run(bits: bits, rounds: 200_000)
  }

  /// The fastest, since anything that disturbs a run makes it slower, never faster.
  private static func rate(bits: Int32) -> Double {
    guard cprocessorpeak_has(bits) != 0 else { return 0 }
    return (0..<7).map { _ in run(bits: bits, rounds: 4_000_000) }.max() ?? 0
  }

  private static func run(bits: Int32, rounds: Int) -> Double {
    var operations = 0.0
    let elapsed = ContinuousClock().measure { operations = cprocessorpeak_run(bits, rounds) }
    return operations / (elapsed / .seconds(1)) / 1e9
  }
}
