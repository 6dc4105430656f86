extension Reference {
  /// Batch normalisation with the batch's statistics, then the residual, then rectification.
  public static func normalise(
    _ shape: NormalisationShape, input x: [Float], gamma: [Float], beta: [Float],
    residual: [Float]?, rectify: Bool, epsilon: Double
  ) -> (output: [Double], mean: [Double], variance: [Double]) {
    let (N, C) = (shape.rows, shape.channels)
    var y = [Double](repeating: 0, count: N * C)
    var means: [Double] = []
    var variances: [Double] = []
    for c in 0..<C {
      let values = (0..<N).map { Double(x[$0 * C + c]) }
      let mean = values.reduce(0, +) / Double(N)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(N)
      means.append(mean)
      variances.append(variance)
      for (n, value) in values.enumerated() {
        var result =
          (value - mean) / (variance + epsilon).squareRoot() * Double(gamma[c]) + Double(beta[c])
        if let residual { result += Double(residual[n * C + c]) }
        y[n * C + c] = rectify ? max(result, 0) : result
      }
    }
    return (y, means, variances)
  }

  /// See `maximumPool`.
  public static func maximumPool(_ shape: PoolingShape, input x: [Float]) -> [Double] {
    pool(shape, x) { values in Double(values.max() ?? -.infinity) }
  }

  /// See `averagePool`.
  public static func averagePool(_ shape: PoolingShape, input x: [Float]) -> [Double] {
    pool(shape, x) { values in
      values.reduce(0) { $0 + Double($1) } / Double(shape.kernel * shape.kernel)
    }
  }

  /// See `upsampleAndJoin`.
  public static func upsampleAndJoin(
    _ s: UpsamplingShape, input x: [Float], skip: [Float]
  ) -> [Float] {
    var y: [Float] = []
    for n in 0..<s.batch {
      for h in 0..<s.height * 2 {
        for w in 0..<s.width * 2 {
          let small = ((n * s.height + h / 2) * s.width + w / 2) * s.channels
          let large = ((n * s.height * 2 + h) * s.width * 2 + w) * s.skipChannels
          y += x[small..<(small + s.channels)] + skip[large..<(large + s.skipChannels)]
        }
      }
    }
    return y
  }

  private static func pool(
    _ s: PoolingShape, _ x: [Float], _ reduce: ([Float]) -> Double
  ) -> [Double] {
    var y: [Double] = []
    for n in 0..<s.batch {
      for p in 0..<s.outputHeight {
        for q in 0..<s.outputWidth {
          for c in 0..<s.channels {
            var values: [Float] = []
            for i in 0..<s.kernel {
              for j in 0..<s.kernel {
                let h = p * s.stride - s.padding + i
                let w = q * s.stride - s.padding + j
                guard h >= 0, h < s.height, w >= 0, w < s.width else { continue }
                values.append(x[((n * s.height + h) * s.width + w) * s.channels + c])
              }
            }
            y.append(reduce(values))
          }
        }
      }
    }
    return y
  }
}
