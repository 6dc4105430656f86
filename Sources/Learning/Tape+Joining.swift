internal import TensorKernels

extension Tape {
  /// The middle of `x` at the size of `y`, with y's channels behind: a dense block's connection.
  ///
  /// Both are NHWC or both `[N, C]`.
  public func join(_ x: Tensor, _ y: Tensor) -> Tensor {
    precondition(
      x.shape.count == y.shape.count && x.shape[0] == y.shape[0], "the images do not correspond")
    let window = WindowShape(centreOf: x, at: y.shape)
    let z = engine.tensor(
      shape: y.shape.dropLast() + [x.channels + y.channels], isTracked: x.isTracked || y.isTracked)
    let joined = y.channels
    x.read { input in
      y.read { added in
        cropAndJoin(
          window, input: input, joining: added, joined: joined, output: z.values.pointer,
          on: context.workers)
      }
    }
    remember(z) { [engine, context] gradient in
      cropAndJoinGradient(
        window, joined: joined, outputGradient: gradient.pointer,
        inputGradient: x.wantedGradient(on: engine), joinedGradient: y.wantedGradient(on: engine),
        on: context.workers)
    }
    return z
  }

  /// The middle `rows` by `columns` pixels.
  public func crop(_ x: Tensor, rows: Int, columns: Int) -> Tensor {
    let window = WindowShape(centreOf: x, at: [x.shape[0], rows, columns, x.channels])
    let y = engine.tensor(shape: [x.shape[0], rows, columns, x.channels], isTracked: x.isTracked)
    x.read {
      cropAndJoin(
        window, input: $0, joining: nil, joined: 0, output: y.values.pointer, on: context.workers)
    }
    remember(y) { [engine, context] gradient in
      cropAndJoinGradient(
        window, joined: 0, outputGradient: gradient.pointer,
        inputGradient: x.gradientTarget(on: engine), joinedGradient: nil, on: context.workers)
    }
    return y
  }

  /// Zeros around an NHWC image.
  public func pad(_ x: Tensor, top: Int, bottom: Int, left: Int, right: Int) -> Tensor {
    let window = WindowShape(
      batch: x.shape[0], height: x.shape[1] + top + bottom, width: x.shape[2] + left + right,
      channels: x.channels, top: top, left: left, rows: x.shape[1], columns: x.shape[2])
    let y = engine.tensor(
      shape: [window.batch, window.height, window.width, window.channels], isTracked: x.isTracked)
    x.read {
      TensorKernels.pad(window, input: $0, output: y.values.pointer, on: context.workers)
    }
    remember(y) { [engine, context] gradient in
      padGradient(
        window, outputGradient: gradient.pointer, inputGradient: x.gradientTarget(on: engine),
        on: context.workers)
    }
    return y
  }

  /// Doubles rows and columns by repetition, then adds the middle of another image.
  public func upsample(_ x: Tensor, adding skip: Tensor) -> Tensor {
    precondition(x.channels == skip.channels, "the skip connection has other channels")
    let shape = [x.shape[0], x.shape[1] * 2, x.shape[2] * 2, x.channels]
    let window = WindowShape(centreOf: skip, at: shape)
    let y = engine.tensor(shape: shape, isTracked: x.isTracked || skip.isTracked)
    x.read { input in
      skip.read { skip in
        upsampleAndAdd(
          window, input: input, skip: skip, output: y.values.pointer, on: context.workers)
      }
    }
    remember(y) { [engine, context] gradient in
      upsampleAndAddGradient(
        window, outputGradient: gradient.pointer, inputGradient: x.wantedGradient(on: engine),
        skipGradient: skip.wantedGradient(on: engine), on: context.workers)
    }
    return y
  }

  /// Doubles rows and columns by linear interpolation, without aligned corners.
  public func upsampleBilinearly(_ x: Tensor) -> Tensor {
    let shape = UpsamplingShape(
      batch: x.shape[0], height: x.shape[1], width: x.shape[2], channels: x.channels)
    let y = engine.tensor(
      shape: [shape.batch, shape.height * 2, shape.width * 2, shape.channels],
      isTracked: x.isTracked)
    TensorKernels.upsampleBilinearly(
      shape, input: x.values.pointer, output: y.values.pointer, on: context.workers)
    remember(y) { [engine, context] gradient in
      upsampleBilinearlyGradient(
        shape, outputGradient: gradient.pointer, inputGradient: x.gradientTarget(on: engine),
        on: context.workers)
    }
    return y
  }
}

extension WindowShape {
  /// The middle of an image, or of rows `[N, C]`, at another's size.
  fileprivate init(centreOf x: Tensor, at shape: [Int]) {
    let isImage = x.shape.count == 4
    let (height, width) = isImage ? (x.shape[1], x.shape[2]) : (1, 1)
    let (rows, columns) = isImage ? (shape[1], shape[2]) : (1, 1)
    precondition(rows <= height && columns <= width, "the window is larger than the image")
    self = .centre(
      batch: x.shape[0], height: height, width: width, channels: x.channels, rows: rows,
      columns: columns)
  }
}
