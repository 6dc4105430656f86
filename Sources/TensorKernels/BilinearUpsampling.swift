/// Doubles rows and columns of an NHWC image by linear interpolation between pixel centres
/// (PyTorch's `align_corners=False`); edge pixels are repeated beyond the edge.
///
/// - Parameters:
///   - x: `[batch, height, width, channels]`.
///   - y: `[batch, 2 height, 2 width, channels]`, overwritten.
public func upsampleBilinearly(
  _ shape: UpsamplingShape, input x: UnsafePointer<Float>, output y: UnsafeMutablePointer<Float>,
  on workers: WorkerPool
) {
  let (H, W, C) = (shape.height, shape.width, shape.channels)
  workers.forEach(chunks: shape.batch * H * 2) { row in
    let image = x + row / (2 * H) * H * W * C
    let vertical = Neighbours(row % (2 * H), of: H)
    for column in 0..<2 * W {
      let horizontal = Neighbours(column, of: W)
      let near = image + (vertical.near * W + horizontal.near) * C
      let beside = image + (vertical.near * W + horizontal.far) * C
      let below = image + (vertical.far * W + horizontal.near) * C
      let across = image + (vertical.far * W + horizontal.far) * C
      for c in stride(from: 0, to: C, by: 8) {
        let first = 0.75 * load(near + c, C - c) + 0.25 * load(beside + c, C - c)
        let second = 0.75 * load(below + c, C - c) + 0.25 * load(across + c, C - c)
        store(0.75 * first + 0.25 * second, to: y + (row * 2 * W + column) * C + c, C - c)
      }
    }
  }
}

/// The gradient of `upsampleBilinearly`: each input pixel gathers what it gave, in index order.
public func upsampleBilinearlyGradient(
  _ shape: UpsamplingShape, outputGradient dy: UnsafePointer<Float>,
  inputGradient: GradientTarget, on workers: WorkerPool
) {
  let (H, W, C) = (shape.height, shape.width, shape.channels)
  workers.forEach(chunks: shape.batch * H) { row in
    let h = row % H
    let image = dy + row / H * 4 * H * W * C
    for w in 0..<W {
      for c in stride(from: 0, to: C, by: 8) {
        var sum = Lanes()
        for p in max(0, 2 * h - 1)...min(2 * H - 1, 2 * h + 2) {
          let vertical = Neighbours(p, of: H).weight(of: h)
          for q in max(0, 2 * w - 1)...min(2 * W - 1, 2 * w + 2) {
            let weight = vertical * Neighbours(q, of: W).weight(of: w)
            sum = sum.addingProduct(
              load(image + (p * 2 * W + q) * C + c, C - c), Lanes(repeating: weight))
          }
        }
        inputGradient.put(sum, at: (row * W + w) * C + c, C - c)
      }
    }
  }
}

/// The input positions between which an output position lies: a quarter of the way from `near`.
private struct Neighbours {
  var near: Int
  var far: Int

  @inline(__always)
  init(_ position: Int, of size: Int) {
    near = position / 2
    far = position % 2 == 0 ? max(0, near - 1) : min(size - 1, near + 1)
  }

  @inline(__always)
  func weight(of position: Int) -> Float {
    (near == position ? 0.75 : 0) + (far == position ? 0.25 : 0)
  }
}
