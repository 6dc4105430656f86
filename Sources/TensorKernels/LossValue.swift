/// A loss in Float64, which is there once the kernels that find it have run: a recording that runs again
/// finds it anew.
public struct LossValue {
  /// Where it will be.
  let pointer: UnsafeMutablePointer<Double>
  private let memory: Buffer
  private let context: KernelContext

  init(on context: KernelContext) {
    (memory, pointer) = context.buffers.take(1, of: Double.self)
    self.context = context
  }

  /// In what the loss is measured in, such as nats; not to be read in work that is recorded, which
  /// would find that of the first time.
  public var value: Double {
    guard !context.workers.isRecording else { fatalError("a recorded loss is read afterwards") }
    return withExtendedLifetime(memory) { pointer.pointee }
  }

  /// The sum, found each time that both are.
  public static func + (a: LossValue, b: LossValue) -> LossValue {
    let sum = LossValue(on: a.context)
    let (target, first, second) = (sum.pointer, a.pointer, b.pointer)
    a.context.workers.alone { target.pointee = first.pointee + second.pointee }
    return withExtendedLifetime((a.memory, b.memory)) { sum }
  }
}
