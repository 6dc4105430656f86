import Glibc
import TensorKernels
import Testing

@Suite("Losses and optimisers")
struct LossKernelTests {
  @Test(
    "binary cross-entropy and soft Dice agree with Float64", arguments: [1, 7, 8, 5000],
    [false, true])
  func binaryLoss(count: Int, withDice: Bool) {
    let logits = values(count).map { $0 * 20 }
    let targets = values(count, salt: 1).map { $0 > 0.2 ? Float(1) : 0 }
    let reference = binaryReference(logits.map { Double($0) }, targets, withDice: withDice)
    var gradient = [Float](repeating: .nan, count: count)
    let loss = binaryCrossEntropy(
      logits: logits, targets: targets, count: count, withDice: withDice, gradient: &gradient,
      on: KernelContext(threads: 2)
    ).value
    #expect((loss - reference).magnitude < 1e-6 * max(1, reference))
    // The gradient by central differences of the Float64 loss.
    for i in stride(from: 0, to: count, by: max(1, count / 5)) {
      var moved = logits.map { Double($0) }
      moved[i] += 1e-4
      let above = binaryReference(moved, targets, withDice: withDice)
      moved[i] -= 2e-4
      let slope = (above - binaryReference(moved, targets, withDice: withDice)) / 2e-4
      #expect((Double(gradient[i]) - slope).magnitude < 1e-6 / Double(count).squareRoot() + 1e-7)
    }
  }

  @Test("extreme logits give finite losses and gradients")
  func extremeLogits() {
    let logits: [Float] = [-200, 200, -90, 90, 0]
    var gradient = [Float](repeating: .nan, count: 5)
    let loss = binaryCrossEntropy(
      logits: logits, targets: [1, 1, 0, 0, 1], count: 5, withDice: false, gradient: &gradient,
      on: KernelContext(threads: 1)
    ).value
    #expect((loss - (200 + 90 + log(2)) / 5).magnitude < 1e-4)
    #expect(gradient.allSatisfy { $0.isFinite })
  }

  @Test("a NaN among the logits reaches the loss")
  func propagatesNaN() {
    var gradient = [Float](repeating: 0, count: 2)
    let context = KernelContext(threads: 1)
    let binary = binaryCrossEntropy(
      logits: [.nan, 0], targets: [0, 1], count: 2, withDice: true, gradient: &gradient,
      on: context)
    #expect(binary.value.isNaN)
    let softmax = softmaxCrossEntropy(
      logits: [.nan, 0], labels: [1], rows: 1, classes: 2, gradient: &gradient, on: context)
    #expect(softmax.value.isNaN)
  }

  @Test("uniform logits cost ln K nats", arguments: [1, 2, 3, 10, 1000])
  func uniformLogits(classes: Int) {
    let logits = [Float](repeating: 0.5, count: classes)
    var gradient = [Float](repeating: .nan, count: classes)
    let loss = softmaxCrossEntropy(
      logits: logits, labels: [0], rows: 1, classes: classes, gradient: &gradient,
      on: KernelContext(threads: 1)
    ).value
    #expect((loss - log(Double(classes))).magnitude < 1e-6)
    #expect(gradient.reduce(0, +).magnitude < 1e-5)
    #expect((gradient[0] - (1 / Float(classes) - 1)).magnitude < 1e-6)
  }

  @Test("softmax cross-entropy agrees with Float64")
  func softmaxLoss() {
    let (rows, classes) = (37, 11)
    let logits = values(rows * classes).map { $0 * 8 }
    let labels = (0..<rows).map { Float($0 * 7 % classes) }
    var gradient = [Float](repeating: .nan, count: logits.count)
    let loss = softmaxCrossEntropy(
      logits: logits, labels: labels, rows: rows, classes: classes, gradient: &gradient,
      on: KernelContext(threads: 2)
    ).value
    var expected = 0.0
    var gradients: [Double] = []
    for n in 0..<rows {
      let row = logits[(n * classes)..<((n + 1) * classes)].map { exp(Double($0)) }
      let sum = row.reduce(0, +)
      expected -= log(row[Int(labels[n])] / sum) / Double(rows)
      gradients += row.enumerated().map {
        ($1 / sum - (Float($0) == labels[n] ? 1 : 0)) / Double(rows)
      }
    }
    #expect((loss - expected).magnitude < 1e-6)
    #expect(distance(gradient, gradients) < 1e-5)
  }

  @Test(
    "a single gradient that is not finite is seen anywhere",
    arguments: [0, 6, 7, 8, 20, 65_536, 131_076])
  func finiteness(place: Int) {
    let context = KernelContext(threads: 2)
    let count = 131_077
    func updates(_ gradient: [Float]) -> [Bool] {
      var (p, m, v) = (values(count), values(count), values(count).map(\.magnitude))
      let adam = AdamRule(
        learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05,
        isDecoupled: true, correction1: 0.1, correction2: 0.001)
      let descent = DescentRule(
        learningRate: 0.01, momentum: 0.9, weightDecay: 0, nesterov: false, isFirstStep: false)
      return [
        adam.update(
          &p, gradient: gradient, firstMoment: &m, secondMoment: &v, count: count, on: context),
        descent.update(&p, gradient: gradient, velocity: &m, count: count, on: context),
      ]
    }
    var gradient = values(count)
    #expect(updates(gradient) == [true, true])
    for broken in [Float.infinity, -.infinity, .nan] {
      gradient[place] = broken
      #expect(updates(gradient) == [false, false])
    }
  }

  @Test(
    "columns are summed, overwriting and adding",
    arguments: [(1, 1), (7, 5), (30, 1_000), (3_000, 13), (2, 9_000)])
  func sums(rows: Int, columns: Int) {
    let context = KernelContext(threads: 2)
    let x = values(rows * columns)
    let input = context.buffers.take(copying: x)
    let sums = context.buffers.take(columns)
    let exact = (0..<columns).map { c in
      (0..<rows).reduce(0.0) { $0 + Double(x[$1 * columns + c]) }
    }
    for (accumulate, factor) in [(false, 1.0), (true, 2.0)] {
      sumRows(
        input.pointer, rows: rows, columns: columns, into: sums.pointer, accumulate: accumulate,
        on: context)
      #expect(distance(sums.array, exact.map { $0 * factor }) < 1e-6)
    }
  }

  @Test("three steps of Adam and AdamW follow the definition", arguments: [false, true])
  func adam(isDecoupled: Bool) {
    let count = 11
    var p = values(count)
    var m = [Float](repeating: 0, count: count)
    var v = m
    var reference = p.map { Double($0) }
    var (m64, v64) = (m.map { Double($0) }, v.map { Double($0) })
    for step in 1...3 {
      let g = values(count, salt: UInt64(step))
      let corrections = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
      _ = AdamRule(
        learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05,
        isDecoupled: isDecoupled, correction1: corrections.0, correction2: corrections.1
      ).update(
        &p, gradient: g, firstMoment: &m, secondMoment: &v, count: count,
        on: KernelContext(threads: 1))
      for i in 0..<count {
        let d = Double(g[i]) + (isDecoupled ? 0 : 0.05 * reference[i])
        if isDecoupled { reference[i] *= 1 - 0.01 * 0.05 }
        m64[i] += (d - m64[i]) * 0.1
        v64[i] = 0.999 * v64[i] + 0.001 * d * d
        reference[i] -=
          0.01 / corrections.0 * m64[i] / (v64[i].squareRoot() / corrections.1.squareRoot() + 1e-8)
      }
    }
    #expect(distance(p, reference) < 1e-5)
  }

  @Test("three steps of descent follow the definition", arguments: [false, true])
  func descent(nesterov: Bool) {
    let count = 9
    var p = values(count)
    var b = [Float](repeating: .nan, count: count)  // never read before it is written
    var reference = p.map { Double($0) }
    var b64 = [Double](repeating: 0, count: count)
    for step in 1...3 {
      let g = values(count, salt: UInt64(step))
      _ = DescentRule(
        learningRate: 0.1, momentum: 0.9, weightDecay: 0.01, nesterov: nesterov,
        isFirstStep: step == 1
      ).update(&p, gradient: g, velocity: &b, count: count, on: KernelContext(threads: 1))
      for i in 0..<count {
        let d = Double(g[i]) + 0.01 * reference[i]
        b64[i] = step == 1 ? d : 0.9 * b64[i] + d
        reference[i] -= 0.1 * (nesterov ? d + 0.9 * b64[i] : b64[i])
      }
    }
    #expect(distance(p, reference) < 1e-5)
  }

  private func binaryReference(_ logits: [Double], _ targets: [Float], withDice: Bool) -> Double {
    var (entropy, overlap, predicted, wanted) = (0.0, 0.0, 0.0, 0.0)
    for (z, target) in zip(logits, targets) {
      let t = Double(target)
      let p = 1 / (1 + exp(-z))
      entropy += max(z, 0) - z * t + log1p(exp(-z.magnitude))
      overlap += p * t
      predicted += p
      wanted += t
    }
    let dice = 1 - (2 * overlap + 1) / (predicted + wanted + 1)
    return entropy / Double(logits.count) + (withDice ? dice : 0)
  }
}

@Suite("Threads and memory")
struct RuntimeTests {
  @Test("every chunk runs exactly once, whoever takes it", arguments: [1, 2, 4])
  func chunks(threads: Int) {
    let workers = WorkerPool(threads: threads)
    let context = KernelContext(threads: 1)
    for count in [0, 1, 2, 3, 97] {
      let seen = context.buffers.takeZeroed(max(1, count))
      for _ in 0..<50 { workers.forEach(chunks: count) { seen.pointer[$0] += 1 } }
      #expect(seen.array.prefix(count).allSatisfy { $0 == 50 })
    }
  }

  @Test("zeroed memory is zero, used before or not")
  func zeroedMemory() {
    let pool = BufferPool()
    #expect(pool.takeZeroed(1000).array.allSatisfy { $0 == 0 })
    do {
      let used = pool.take(5000)
      used.pointer.update(repeating: 7, count: 5000)
    }
    // Of what was used, and of that and some that was not.
    #expect(pool.takeZeroed(4000).array.allSatisfy { $0 == 0 })
    #expect(pool.takeZeroed(9000).array.allSatisfy { $0 == 0 })
  }

  @Test("memory is used again")
  func reuse() {
    let pool = BufferPool()
    for _ in 0..<10 { _ = pool.take(1000) }
    let once = pool.bytesAllocated
    for _ in 0..<10 { _ = pool.take(1000) }
    #expect(pool.bytesAllocated == once && once < 10_000)
  }

  @Test("this processor runs the kernels")
  func processor() { #expect(Processor.supportsKernels) }
}

extension AdamRule {
  /// Takes a step and tells whether all of the gradient is finite.
  fileprivate func update(
    _ p: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    firstMoment m: UnsafeMutablePointer<Float>, secondMoment v: UnsafeMutablePointer<Float>,
    count: Int, on context: KernelContext
  ) -> Bool {
    var (rule, isFinite) = (self, false)
    Self.update(
      by: &rule, p, gradient: gradient, firstMoment: m, secondMoment: v, count: count,
      isFinite: &isFinite, on: context)
    return isFinite
  }
}

extension DescentRule {
  /// Takes a step and tells whether all of the gradient is finite.
  fileprivate func update(
    _ p: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    velocity b: UnsafeMutablePointer<Float>, count: Int, on context: KernelContext
  ) -> Bool {
    var (rule, isFinite) = (self, false)
    Self.update(
      by: &rule, p, gradient: gradient, velocity: b, count: count, isFinite: &isFinite, on: context)
    return isFinite
  }
}
