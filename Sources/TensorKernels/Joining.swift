/// A window of an NHWC image: where it begins, and how large it is.
public struct WindowShape: Hashable, Sendable {
  public var batch: Int
  /// Of the whole image.
  public var height: Int
  public var width: Int
  public var channels: Int
  /// The window's first row and column.
  public var top: Int
  public var left: Int
  /// Of the window.
  public var rows: Int
  public var columns: Int

  public init(
    batch: Int, height: Int, width: Int, channels: Int, top: Int, left: Int, rows: Int,
    columns: Int
  ) {
    self.batch = batch
    self.height = height
    self.width = width
    self.channels = channels
    self.top = top
    self.left = left
    self.rows = rows
    self.columns = columns
  }

  /// The window in the middle; an odd remainder leaves the larger part below and to the right.
  public static func centre(
    batch: Int, height: Int, width: Int, channels: Int, rows: Int, columns: Int
  ) -> WindowShape {
    WindowShape(
      batch: batch, height: height, width: width, channels: channels, top: (height - rows) / 2,
      left: (width - columns) / 2, rows: rows, columns: columns)
  }

  public var imageCount: Int { batch * height * width * channels }
  public var windowCount: Int { batch * rows * columns * channels }

  /// Where a row of the window, counted over the batch, begins in the image.
  @inline(__always)
  func start(ofRow row: Int) -> Int {
    ((row / rows * height + row % rows + top) * width + left) * channels
  }
}

/// Cuts a window out of `x` and puts `y`'s channels behind: `z[n, p] = window(x)[n, p] ‖ y[n, p]`.
///
/// - Parameters:
///   - y: `[batch, rows, columns, joined]`, or nothing.
///   - z: `[batch, rows, columns, channels + joined]`, overwritten.
public func cropAndJoin(
  _ shape: WindowShape, input x: UnsafePointer<Float>, joining y: UnsafePointer<Float>?,
  joined: Int, output z: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  let (C, S) = (shape.channels, joined)
  workers.forEach(chunks: shape.batch * shape.rows) { row in
    let source = x + shape.start(ofRow: row)
    for column in 0..<shape.columns {
      let pixel = row * shape.columns + column
      move(source + column * C, to: z + pixel * (C + S), C)
      if let y { move(y + pixel * S, to: z + pixel * (C + S) + C, S) }
    }
  }
}

/// Takes the gradient of `cropAndJoin` apart; outside the window it is zero.
public func cropAndJoinGradient(
  _ shape: WindowShape, joined: Int, outputGradient dz: UnsafePointer<Float>,
  inputGradient: GradientTarget?, joinedGradient: GradientTarget?, on workers: WorkerPool
) {
  let (C, S) = (shape.channels, joined)
  if let inputGradient, !inputGradient.accumulate, shape.imageCount > shape.windowCount {
    clear(inputGradient.pointer, count: shape.imageCount, on: workers)
  }
  workers.forEach(chunks: shape.batch * shape.rows) { row in
    for column in 0..<shape.columns {
      let pixel = row * shape.columns + column
      let source = dz + pixel * (C + S)
      if let inputGradient {
        let target = shape.start(ofRow: row) + column * C
        for c in stride(from: 0, to: C, by: 8) {
          inputGradient.put(load(source + c, C - c), at: target + c, C - c)
        }
      }
      guard let joinedGradient else { continue }
      for c in stride(from: 0, to: S, by: 8) {
        joinedGradient.put(load(source + C + c, S - c), at: pixel * S + c, S - c)
      }
    }
  }
}

/// Puts an image into the window of a larger one whose other pixels are zero.
public func pad(
  _ shape: WindowShape, input x: UnsafePointer<Float>, output y: UnsafeMutablePointer<Float>,
  on workers: WorkerPool
) {
  clear(y, count: shape.imageCount, on: workers)
  let row = shape.columns * shape.channels
  workers.forEach(chunks: shape.batch * shape.rows) { r in
    (y + shape.start(ofRow: r)).update(from: x + r * row, count: row)
  }
}

/// The gradient of `pad`: the window's.
public func padGradient(
  _ shape: WindowShape, outputGradient dy: UnsafePointer<Float>, inputGradient: GradientTarget,
  on workers: WorkerPool
) {
  let row = shape.columns * shape.channels
  workers.forEach(chunks: shape.batch * shape.rows) { r in
    let source = dy + shape.start(ofRow: r)
    for i in stride(from: 0, to: row, by: 8) {
      inputGradient.put(load(source + i, row - i), at: r * row + i, row - i)
    }
  }
}

/// Doubles an image by repeating pixels and adds a window of another one:
/// `y[n, h, w] = x[n, h/2, w/2] + window(skip)[n, h, w]`.
///
/// - Parameters:
///   - shape: The window of `skip`; it has twice the rows and columns of `x`.
///   - x: `[batch, rows/2, columns/2, channels]`.
public func upsampleAndAdd(
  _ shape: WindowShape, input x: UnsafePointer<Float>, skip: UnsafePointer<Float>,
  output y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  let channels = shape.channels
  workers.forEach(chunks: shape.batch * shape.rows) { row in
    let small = x + row / shape.rows * (shape.rows / 2) * (shape.columns / 2) * channels
    let line = small + row % shape.rows / 2 * (shape.columns / 2) * channels
    let other = skip + shape.start(ofRow: row)
    for column in 0..<shape.columns {
      for c in stride(from: 0, to: channels, by: 8) {
        store(
          load(line + column / 2 * channels + c, channels - c)
            + load(other + column * channels + c, channels - c),
          to: y + (row * shape.columns + column) * channels + c, channels - c)
      }
    }
  }
}

/// The gradients of `upsampleAndAdd`: four pixels are summed, the window's are passed on.
public func upsampleAndAddGradient(
  _ shape: WindowShape, outputGradient dy: UnsafePointer<Float>, inputGradient: GradientTarget?,
  skipGradient: GradientTarget?, on workers: WorkerPool
) {
  let channels = shape.channels
  let line = shape.columns * channels
  if let skipGradient, !skipGradient.accumulate, shape.imageCount > shape.windowCount {
    clear(skipGradient.pointer, count: shape.imageCount, on: workers)
  }
  workers.forEach(chunks: shape.batch * shape.rows / 2) { half in
    let source = dy + half * 2 * line
    if let inputGradient {
      for w in 0..<shape.columns / 2 {
        for c in stride(from: 0, to: channels, by: 8) {
          let corner = source + w * 2 * channels + c
          let top = load(corner, channels - c) + load(corner + channels, channels - c)
          let bottom =
            load(corner + line, channels - c) + load(corner + line + channels, channels - c)
          inputGradient.put(top + bottom, at: half * line / 2 + w * channels + c, channels - c)
        }
      }
    }
    guard let skipGradient else { return }
    for row in half * 2..<half * 2 + 2 {
      let target = shape.start(ofRow: row)
      for i in stride(from: 0, to: line, by: 8) {
        skipGradient.put(load(dy + row * line + i, line - i), at: target + i, line - i)
      }
    }
  }
}

@inline(__always)
private func move(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, _ n: Int)
{
  for c in stride(from: 0, to: n, by: 8) { store(load(source + c, n - c), to: target + c, n - c) }
}

/// Writes zeros.
func clear(_ x: UnsafeMutablePointer<Float>, count: Int, on workers: WorkerPool) {
  workers.forEachStretch(of: count) { from, to in
    (x + from).update(repeating: 0, count: to - from)
  }
}
