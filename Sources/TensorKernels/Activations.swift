/// `y = x Φ(x)` with the normal distribution function Φ: the exact GELU (Hendrycks and Gimpel 2016).
public func gaussianGate(
  _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      let value = load(x + i, to - i)
      store(value * normalDistribution(value).distribution, to: y + i, to - i)
    }
  }
}

/// `dx (+)= dy (Φ(x) + x φ(x))`.
public func gaussianGateGradient(
  _ dy: UnsafePointer<Float>, input x: UnsafePointer<Float>, into dx: GradientTarget, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      let value = load(x + i, to - i)
      let (distribution, density) = normalDistribution(value)
      dx.put(load(dy + i, to - i) * (distribution + value * density), at: i, to - i)
    }
  }
}

/// `y = tanh x`.
public func hyperbolicTangent(
  _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      store(hyperbolicTangent(load(x + i, to - i)), to: y + i, to - i)
    }
  }
}

/// `dx (+)= dy (1 - y²)`.
public func hyperbolicTangentGradient(
  _ dy: UnsafePointer<Float>, output y: UnsafePointer<Float>, into dx: GradientTarget, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      let value = load(y + i, to - i)
      dx.put(load(dy + i, to - i) * (1 - value * value), at: i, to - i)
    }
  }
}

/// `y = 1 / (1 + e^-x)`.
public func sigmoid(
  _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      store(sigmoid(load(x + i, to - i)), to: y + i, to - i)
    }
  }
}

/// `dx (+)= dy y (1 - y)`.
public func sigmoidGradient(
  _ dy: UnsafePointer<Float>, output y: UnsafePointer<Float>, into dx: GradientTarget, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      let value = load(y + i, to - i)
      dx.put(load(dy + i, to - i) * value * (1 - value), at: i, to - i)
    }
  }
}

/// `y = a b`, element by element.
public func multiply(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into y: GradientTarget, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      y.put(load(a + i, to - i) * load(b + i, to - i), at: i, to - i)
    }
  }
}

/// `y = x · factor`, or added to y.
public func copy(
  _ x: UnsafePointer<Float>, scaledBy factor: Float = 1, into y: GradientTarget, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      y.put(load(x + i, to - i) * factor, at: i, to - i)
    }
  }
}
