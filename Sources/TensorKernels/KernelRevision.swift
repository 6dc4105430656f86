/// The revision of the arithmetic: raised by hand when a kernel gives other bits for the same input.
/// Kernels that no step runs yet, a transformer's, may change without.
///
/// It is part of the numerics id in every record and lock file, not of any action's key.
public enum KernelRevision {
  public static let current = 7
}
