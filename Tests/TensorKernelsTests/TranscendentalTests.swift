import Foundation
import TensorKernels
import Testing

@Suite("Elementary functions of activations")
struct TranscendentalTests {
  /// From -12 to 12 in odd steps, and the neighbourhoods of zero and of the polynomials' borders.
  private static let points: [Float] =
    (-8_000...8_000).map { Float($0) * 0.0015 } + [
      0, -0.0, 1e-20, -1e-7, 0.625, 0.62500006, 1.3037,
    ]

  private func apply(
    _ function: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int, WorkerPool) -> Void
  ) -> [Float] {
    let context = KernelContext(threads: 1)
    let x = context.buffers.take(copying: Self.points)
    let y = context.buffers.take(x.count)
    function(x.pointer, y.pointer, x.count, context.workers)
    return y.array
  }

  @Test("GELU is the C library's to rounding")
  func gaussianGate() {
    let values = apply { TensorKernels.gaussianGate($0, into: $1, count: $2, on: $3) }
    for (x, y) in zip(Self.points, values) {
      let exact = 0.5 * Double(x) * (1 + erf(Double(x) / 2.0.squareRoot()))
      #expect((Double(y) - exact).magnitude <= 2.5e-7 * max(1, exact.magnitude), "at \(x)")
    }
  }

  @Test("tanh is the C library's to two units in the last place")
  func hyperbolicTangent() {
    let values = apply { TensorKernels.hyperbolicTangent($0, into: $1, count: $2, on: $3) }
    for (x, y) in zip(Self.points, values) {
      let exact = tanh(Double(x))
      #expect((Double(y) - exact).magnitude <= 2.4e-7 * exact.magnitude, "at \(x)")
    }
  }

  @Test("values that are not numbers stay so")
  func notANumber() {
    let context = KernelContext(threads: 1)
    let x = context.buffers.take(copying: [.nan])
    let y = context.buffers.take(1)
    TensorKernels.gaussianGate(x.pointer, into: y.pointer, count: 1, on: context.workers)
    #expect(y.pointer[0].isNaN)
    TensorKernels.hyperbolicTangent(x.pointer, into: y.pointer, count: 1, on: context.workers)
    #expect(y.pointer[0].isNaN)
  }
}
