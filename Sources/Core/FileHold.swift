/// A claim on a file that other processes respect; it ends with this value, or with its process.
public final class FileHold: Sendable {
  private let release: @Sendable () -> Void

  public init(release: @escaping @Sendable () -> Void) { self.release = release }

  deinit { release() }
}
