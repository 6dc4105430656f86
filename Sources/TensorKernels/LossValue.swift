/// A loss in Float64, which is there once the kernels that find it have run: a recording that runs again
/// finds it anew.
public struct LossValue {
  let pointer: UnsafeMutablePointer<Double>
  private let memory: Buffer
  private let context: KernelContext

  init(on context: KernelContext) {
    (memory, pointer) = context.buffers.take(1, of: Double.self)
    self.context = context
  }

  public var value: Double { withExtendedLifetime(memory) { pointer.pointee } }

  public static func + (a: LossValue, b: LossValue) -> LossValue {
    let sum = LossValue(on: a.context)
    let (target, first, second) = (sum.pointer, a.pointer, b.pointer)
    a.context.workers.alone { target.pointee = first.pointee + second.pointee }
    return withExtendedLifetime((a.memory, b.memory)) { sum }
  }
}

extension BufferPool {
  /// Memory for some values of another type, aligned to 64 bytes, and the buffer that they live in.
  func take<Value: BitwiseCopyable>(
    _ count: Int, of type: Value.Type
  ) -> (memory: Buffer, values: UnsafeMutablePointer<Value>) {
    let bytes = count * MemoryLayout<Value>.stride
    let memory = take(pieces(bytes, of: MemoryLayout<Float>.stride))
    let values = UnsafeMutableRawPointer(memory.pointer).assumingMemoryBound(to: Value.self)
    return (memory, values)
  }
}
