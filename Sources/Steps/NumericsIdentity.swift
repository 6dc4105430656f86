internal import Imaging
internal import TensorKernels

/// What decides the bits of an artifact besides its action: in every record and in the lock file.
public enum NumericsIdentity {
  #if arch(x86_64)
    private static let architecture = "x86-64-avx2-fma"
  #else
    private static let architecture = "generic"
  #endif

  /// Architecture, revision of the kernels, and versions of the image libraries.
  public static var current: String {
    "\(architecture) kernels-\(KernelRevision.current) \(PNG.versions)"
  }
}
