internal import CHints
internal import Glibc

/// What this machine's processor can run.
public enum Processor {
  /// Which vectors the inner loops use; the results are the same.
  public enum Instructions: String, Hashable, Sendable {
    /// Eight floats at once, with fused multiply-add.
    case avx2
    /// Sixteen floats at once.
    case avx512

    /// The longest that this processor has; `MICROTOME_KERNELS=avx2` in the environment keeps to
    /// the shorter, for instruction counts under tools that know no others.
    public static let best: Instructions =
      Processor.wanted != "avx2" && processor_has_vectors_of_16() != 0 ? .avx512 : .avx2
  }

  /// Whether the kernels may run here: on x86-64 they need AVX2 and FMA at least.
  ///
  /// `MICROTOME_KERNELS=none` in the environment has them refused, as an older processor does.
  public static var supportsKernels: Bool {
    wanted != "none" && processor_has_vectors_of_8() != 0
  }

  private static let wanted = getenv("MICROTOME_KERNELS").map { String(cString: $0) }
}
