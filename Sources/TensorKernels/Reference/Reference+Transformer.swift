internal import Glibc

extension Reference {
  /// See `layerNormalise`.
  public static func layerNormalise(
    _ shape: NormalisationShape, input x: [Float], gamma: [Float], beta: [Float], epsilon: Double
  ) -> [Double] {
    let channels = shape.channels
    var y: [Double] = []
    for r in 0..<shape.rows {
      let row = x[(r * channels)..<((r + 1) * channels)].map(Double.init)
      let mean = row.reduce(0, +) / Double(channels)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
      for c in 0..<channels {
        let value = (row[c] - mean) / (variance + epsilon).squareRoot()
        y.append(value * Double(gamma[c]) + Double(beta[c]))
      }
    }
    return y
  }

  /// See `gaussianGate`.
  public static func gaussianGate(_ x: [Float]) -> [Double] {
    x.map { Double($0) * 0.5 * (1 + erf(Double($0) / 2.0.squareRoot())) }
  }

  /// See `attend`.
  public static func attend(_ s: AttentionShape, qkv: [Float]) -> [Double] {
    var y = [Double](repeating: 0, count: s.outputCount)
    func element(_ n: Int, _ token: Int, _ part: Int, _ head: Int, _ d: Int) -> Double {
      Double(qkv[((n * s.tokens + token) * 3 + part) * s.channels + head * s.depth + d])
    }
    for n in 0..<s.batch {
      for head in 0..<s.heads {
        for query in 0..<s.tokens {
          let scores = (0..<s.tokens).map { key in
            (0..<s.depth).reduce(0.0) {
              $0 + element(n, query, 0, head, $1) * element(n, key, 1, head, $1)
            } / Double(s.depth).squareRoot()
          }
          let weights = scores.map { exp($0 - (scores.max() ?? 0)) }
          let total = weights.reduce(0, +)
          for d in 0..<s.depth {
            var sum = 0.0
            for key in 0..<s.tokens { sum += weights[key] / total * element(n, key, 2, head, d) }
            y[(n * s.tokens + query) * s.channels + head * s.depth + d] = sum
          }
        }
      }
    }
    return y
  }

  /// See `attentionGradient`.
  public static func attentionGradient(
    _ s: AttentionShape, outputGradient: [Float], qkv: [Float]
  ) -> [Double] {
    var gradient = [Double](repeating: 0, count: qkv.count)
    let scale = 1 / Double(s.depth).squareRoot()
    for n in 0..<s.batch {
      for head in 0..<s.heads {
        func place(_ token: Int, _ part: Int) -> Int {
          ((n * s.tokens + token) * 3 + part) * s.channels + head * s.depth
        }
        for query in 0..<s.tokens {
          let upstream = (n * s.tokens + query) * s.channels + head * s.depth
          let scores = (0..<s.tokens).map { key in
            (0..<s.depth).reduce(0.0) {
              $0 + scale * Double(qkv[place(query, 0) + $1]) * Double(qkv[place(key, 1) + $1])
            }
          }
          let slopes = (0..<s.tokens).map { key in
            (0..<s.depth).reduce(0.0) {
              $0 + Double(outputGradient[upstream + $1]) * Double(qkv[place(key, 2) + $1])
            }
          }
          let total = scores.reduce(0) { $0 + exp($1) }
          let weights = scores.map { exp($0) / total }
          let mean = zip(weights, slopes).reduce(0) { $0 + $1.0 * $1.1 }
          for key in 0..<s.tokens {
            let slope = weights[key] * (slopes[key] - mean) * scale
            for d in 0..<s.depth {
              gradient[place(query, 0) + d] += slope * Double(qkv[place(key, 1) + d])
              gradient[place(key, 1) + d] += slope * Double(qkv[place(query, 0) + d])
              gradient[place(key, 2) + d] += weights[key] * Double(outputGradient[upstream + d])
            }
          }
        }
      }
    }
    return gradient
  }

  /// See `weightedMean`.
  public static func weightedMean(_ x: [Float], scores: [Float], columns: Int) -> [Double] {
    let weights = scores.map { exp(Double($0)) }
    let total = weights.reduce(0, +)
    return (0..<columns).map { c in
      scores.indices.reduce(0.0) { $0 + weights[$1] / total * Double(x[$1 * columns + c]) }
    }
  }

  /// See `softTargetCrossEntropy`; the loss alone.
  public static func softTargetCrossEntropy(
    logits: [Float], targets: [Float], classes: Int, sharpness: Double
  ) -> Double {
    let rows = logits.count / classes
    var loss = 0.0
    for n in 0..<rows {
      let z = logits[(n * classes)..<((n + 1) * classes)].map { Double($0) * sharpness }
      let logSum = log(z.reduce(0) { $0 + exp($1) })
      for k in 0..<classes { loss += Double(targets[n * classes + k]) * (logSum - z[k]) }
    }
    return loss / Double(rows)
  }
}
