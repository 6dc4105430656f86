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

  /// The fastest, since anything that disturbs a run makes it slower, never faster.
  private static func rate(bits: Int32) -> Double {
    guard cprocessorpeak_has(bits) != 0 else { return 0 }
    let clock = ContinuousClock()
    var best = 0.0
    for _ in 0..<7 {
      var operations = 0.0
      let elapsed = clock.measure { operations = cprocessorpeak_run(bits, 4_000_000) }
      best = max(best, operations / (elapsed / .seconds(1)) / 1e9)
    }
    return best
  }
}
