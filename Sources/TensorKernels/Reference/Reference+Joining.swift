extension Reference {
  /// See `cropAndJoin`.
  public static func cropAndJoin(
    _ s: WindowShape, input x: [Float], joining y: [Float], joined: Int
  ) -> [Float] {
    var z: [Float] = []
    for n in 0..<s.batch {
      for row in 0..<s.rows {
        for column in 0..<s.columns {
          let from = ((n * s.height + s.top + row) * s.width + s.left + column) * s.channels
          let beside = ((n * s.rows + row) * s.columns + column) * joined
          z += x[from..<(from + s.channels)] + y[beside..<(beside + joined)]
        }
      }
    }
    return z
  }

  /// See `upsampleAndAdd`.
  public static func upsampleAndAdd(
    _ s: WindowShape, input x: [Float], skip: [Float]
  ) -> [Double] {
    var y: [Double] = []
    for n in 0..<s.batch {
      for row in 0..<s.rows {
        for column in 0..<s.columns {
          let small = ((n * s.rows / 2 + row / 2) * s.columns / 2 + column / 2) * s.channels
          let large = ((n * s.height + s.top + row) * s.width + s.left + column) * s.channels
          for c in 0..<s.channels { y.append(Double(x[small + c]) + Double(skip[large + c])) }
        }
      }
    }
    return y
  }

  /// See `upsampleBilinearly`: each output pixel's centre, put back into the input.
  public static func upsampleBilinearly(_ s: UpsamplingShape, input x: [Float]) -> [Double] {
    func place(_ position: Int, _ size: Int) -> (first: Int, second: Int, share: Double) {
      let centre = min(max((Double(position) + 0.5) / 2 - 0.5, 0), Double(size - 1))
      let first = Int(centre)
      return (first, min(first + 1, size - 1), centre - Double(first))
    }
    var y: [Double] = []
    for n in 0..<s.batch {
      for row in 0..<2 * s.height {
        let (top, bottom, down) = place(row, s.height)
        for column in 0..<2 * s.width {
          let (left, right, across) = place(column, s.width)
          for c in 0..<s.channels {
            func value(_ h: Int, _ w: Int) -> Double {
              Double(x[((n * s.height + h) * s.width + w) * s.channels + c])
            }
            let upper = value(top, left) * (1 - across) + value(top, right) * across
            let lower = value(bottom, left) * (1 - across) + value(bottom, right) * across
            y.append(upper * (1 - down) + lower * down)
          }
        }
      }
    }
    return y
  }
}
