internal import TensorKernels

extension Tape {
  /// `max(x, 0)`.
  public func rectify(_ x: Tensor) -> Tensor {
    let y = engine.tensor(shape: x.shape, isTracked: x.isTracked)
    TensorKernels.rectify(
      x.values.pointer, into: y.values.pointer, count: x.count, on: context.workers)
    remember(y) { [engine, context, unowned y] gradient in
      let target = x.gradientTarget(on: engine)
      rectifyGradient(
        gradient.pointer, output: y.values.pointer, into: target.pointer, count: x.count,
        accumulate: target.accumulate, on: context.workers)
    }
    return y
  }

  /// The largest of each 3x3 pixels, every second row and column, as in a ResNet's stem.
  public func maximumPool(
    _ x: Tensor, kernel: Int = 3, stride: Int = 2, padding: Int = 1
  ) -> Tensor {
    let shape = PoolingShape(x.shape, kernel: kernel, stride: stride, padding: padding)
    let y = engine.tensor(shape: shape.outputShape, isTracked: x.isTracked)
    let winners = context.buffers.take(y.count)
    x.read {
      TensorKernels.maximumPool(
        shape, input: $0, output: y.values.pointer, winners: winners.pointer, on: context.workers)
    }
    remember(y) { [engine, context] gradient in
      maximumPoolGradient(
        shape, outputGradient: gradient.pointer, winners: winners.pointer,
        inputGradient: x.gradientTarget(on: engine), on: context.workers)
    }
    return withExtendedLifetime(winners) { y }
  }

  /// The mean of each `kernel` by `kernel` pixels.
  public func averagePool(_ x: Tensor, kernel: Int = 2) -> Tensor {
    let shape = PoolingShape(x.shape, kernel: kernel, stride: kernel, padding: 0)
    let y = engine.tensor(shape: shape.outputShape, isTracked: x.isTracked)
    x.read {
      TensorKernels.averagePool(
        shape, input: $0, output: y.values.pointer, on: context.workers)
    }
    remember(y) { [engine, context] gradient in
      averagePoolGradient(
        shape, outputGradient: gradient.pointer, inputGradient: x.gradientTarget(on: engine),
        on: context.workers)
    }
    return y
  }

  /// The mean over all pixels: `[N, H, W, C]` to `[N, C]`.
  public func globalAverage(_ x: Tensor) -> Tensor {
    let (batch, pixels) = (x.shape[0], x.shape[1] * x.shape[2])
    let y = engine.tensor(shape: [batch, x.channels], isTracked: x.isTracked)
    x.read {
      TensorKernels.globalAverage(
        $0, batch: batch, pixels: pixels, channels: x.channels, output: y.values.pointer,
        on: context.workers)
    }
    remember(y) { [engine, context] gradient in
      globalAverageGradient(
        gradient.pointer, batch: batch, pixels: pixels, channels: x.channels,
        inputGradient: x.gradientTarget(on: engine), on: context.workers)
    }
    return y
  }

  /// Doubles rows and columns by repetition, then appends another tensor's channels.
  public func upsample(_ x: Tensor, joining skip: Tensor? = nil) -> Tensor {
    let shape = UpsamplingShape(
      batch: x.shape[0], height: x.shape[1], width: x.shape[2], channels: x.channels,
      skipChannels: skip?.channels ?? 0)
    if let skip {
      precondition(
        Array(skip.shape.dropLast()) == [shape.batch, shape.height * 2, shape.width * 2],
        "the skip connection has another size")
    }
    let y = engine.tensor(
      shape: [shape.batch, shape.height * 2, shape.width * 2, shape.outputChannels],
      isTracked: x.isTracked || skip?.isTracked ?? false)
    upsampleAndJoin(
      shape, input: x.values.pointer, skip: skip.map { UnsafePointer($0.values.pointer) },
      output: y.values.pointer, on: context.workers)
    remember(y) { [engine, context] gradient in
      upsampleAndJoinGradient(
        shape, outputGradient: gradient.pointer,
        inputGradient: x.isTracked ? x.gradientTarget(on: engine) : nil,
        skipGradient: skip.flatMap { $0.isTracked ? $0.gradientTarget(on: engine) : nil },
        on: context.workers)
    }
    return y
  }
}

extension PoolingShape {
  /// - Parameter shape: `[batch, height, width, channels]`.
  init(_ shape: [Int], kernel: Int, stride: Int, padding: Int) {
    self.init(
      batch: shape[0], height: shape[1], width: shape[2], channels: shape[3], kernel: kernel,
      stride: stride, padding: padding)
  }

  var outputShape: [Int] { [batch, outputHeight, outputWidth, channels] }
}
