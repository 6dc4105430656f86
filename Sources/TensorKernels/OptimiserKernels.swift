internal import CHints

/// Stochastic gradient descent with momentum, by PyTorch's definition.
///
///     d = g + weightDecay · p;  b = momentum · b + d  (b = d at the first step)
///     p -= learningRate · (nesterov ? d + momentum · b : b)
public struct DescentRule: Hashable, Sendable {
  public var learningRate: Float
  public var momentum: Float
  public var weightDecay: Float
  public var nesterov: Bool
  public var isFirstStep: Bool

  public init(
    learningRate: Float, momentum: Float, weightDecay: Float, nesterov: Bool, isFirstStep: Bool
  ) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    self.isFirstStep = isFirstStep
  }

  /// Updates parameters and momentum in place.
  ///
  /// - Parameters:
  ///   - rule: Read as the work is done: a recorded step takes the numbers of its own turn.
  ///   - isFinite: Becomes whether all of the gradient is; if not, what was updated is of no use.
  public static func update(
    by rule: UnsafePointer<DescentRule>, _ p: UnsafeMutablePointer<Float>,
    gradient: UnsafePointer<Float>, velocity b: UnsafeMutablePointer<Float>, count: Int,
    isFinite: UnsafeMutablePointer<Bool>, on context: KernelContext
  ) {
    context.forEachStretch(of: count, isFinite) { from, to in
      let rule = rule.pointee
      var check = Lanes()
      for i in stride(from: from, to: to, by: 8) {
        let value = load(p + i, to - i)
        let g = load(gradient + i, to - i)
        check += g * 0
        let d = g.addingProduct(value, Lanes(repeating: rule.weightDecay))
        let velocity = rule.isFirstStep ? d : d + load(b + i, to - i) * rule.momentum
        let direction = rule.nesterov ? d + velocity * rule.momentum : velocity
        store(velocity, to: b + i, to - i)
        store(value - direction * rule.learningRate, to: p + i, to - i)
      }
      return check
    }
  }
}

/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), by PyTorch's definition.
///
///     m += (g - m)(1 - β₁);  v = β₂ v + (1 - β₂) g²
///     p -= learningRate/(1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
///
/// Weight decay is added to the gradient, or, decoupled, shrinks p by `1 - learningRate · decay`.
public struct AdamRule: Hashable, Sendable {
  public var beta1: Float
  public var beta2: Float
  public var epsilon: Float
  /// `1 - β₁` and `1 - β₂`, rounded once.
  public var complement1: Float
  public var complement2: Float
  /// `learningRate / (1 - β₁ᵗ)`.
  public var stepSize: Float
  /// `1 / √(1 - β₂ᵗ)`.
  public var deviationScale: Float
  /// What p is multiplied by first; 1 unless decay is decoupled.
  public var shrinkage: Float
  /// What of p is added to its gradient.
  public var weightDecay: Float

  /// - Parameters:
  ///   - correction1, correction2: `1 - β₁ᵗ` and `1 - β₂ᵗ` at step t, from 1.
  public init(
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
    isDecoupled: Bool, correction1: Double, correction2: Double
  ) {
    self.beta1 = Float(beta1)
    self.beta2 = Float(beta2)
    self.epsilon = Float(epsilon)
    complement1 = Float(1 - beta1)
    complement2 = Float(1 - beta2)
    stepSize = Float(learningRate / correction1)
    deviationScale = Float(1 / correction2.squareRoot())
    shrinkage = isDecoupled ? Float(1 - learningRate * weightDecay) : 1
    self.weightDecay = isDecoupled ? 0 : Float(weightDecay)
  }

  /// Updates parameters and both moments in place.
  ///
  /// - Parameters:
  ///   - rule: Read as the work is done: a recorded step takes the numbers of its own turn.
  ///   - isFinite: Becomes whether all of the gradient is; if not, what was updated is of no use.
  public static func update(
    by rule: UnsafePointer<AdamRule>, _ p: UnsafeMutablePointer<Float>,
    gradient: UnsafePointer<Float>, firstMoment: UnsafeMutablePointer<Float>,
    secondMoment: UnsafeMutablePointer<Float>, count: Int,
    isFinite: UnsafeMutablePointer<Bool>, on context: KernelContext
  ) {
    context.forEachStretch(of: count, isFinite) { from, to in
      let rule = rule.pointee
      var check = Lanes()
      for i in stride(from: from, to: to, by: 8) {
        // Four streams at once are more than the processor foresees by itself.
        prefetch_line(p + i + 512)
        prefetch_line(gradient + i + 512)
        prefetch_line(firstMoment + i + 512)
        prefetch_line(secondMoment + i + 512)
        let value = load(p + i, to - i) * rule.shrinkage
        var g = load(gradient + i, to - i)
        check += g * 0
        g = g.addingProduct(value, Lanes(repeating: rule.weightDecay))
        var m = load(firstMoment + i, to - i)
        m += (g - m) * rule.complement1
        let v = load(secondMoment + i, to - i) * rule.beta2 + g * g * rule.complement2
        let denominator = squareRoots(v) * rule.deviationScale + rule.epsilon
        store(m, to: firstMoment + i, to - i)
        store(v, to: secondMoment + i, to - i)
        store(value - m / denominator * rule.stepSize, to: p + i, to - i)
      }
      return check
    }
  }
}

@inline(__always)
private func squareRoots(_ x: Lanes) -> Lanes {
  var x = x
  withUnsafeMutableBytes(of: &x) {
    take_square_roots_of_8($0.baseAddress!.assumingMemoryBound(to: Float.self))
  }
  return x
}

extension KernelContext {
  /// Calls `body` with the bounds of each stretch of a gradient, which it reads anyway.
  ///
  /// - Parameters:
  ///   - isFinite: Becomes whether all sums are zero.
  ///   - body: Returns the sum of the elements times zero: anything that is not finite leaves NaN,
  ///     which stays.
  @inline(__always)
  fileprivate func forEachStretch(
    of count: Int, _ isFinite: UnsafeMutablePointer<Bool>,
    _ body: @escaping (_ from: Int, _ to: Int) -> Lanes
  ) {
    let size = WorkerPool.stretch
    let memory = buffers.take(pieces(count, of: size))
    let sums = memory.pointer
    workers.forEachStretch(of: count) { from, to in sums[from / size] = body(from, to).total }
    let stretches = memory.count
    workers.alone { isFinite.pointee = (0..<stretches).allSatisfy { sums[$0] == 0 } }
    withExtendedLifetime(memory) {}
  }
}
