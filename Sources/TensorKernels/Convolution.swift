internal import Tiles

/// The sizes of a two-dimensional convolution over NHWC images.
///
/// Weights are `[kernelHeight, kernelWidth, inputChannels, outputChannels]` everywhere here.
public struct ConvolutionShape: Hashable, Sendable {
  public var batch: Int
  public var height: Int
  public var width: Int
  public var inputChannels: Int
  public var outputChannels: Int
  public var kernelHeight: Int
  public var kernelWidth: Int
  public var stride: Int
  /// Zeros added at each of the four sides.
  public var padding: Int

  public init(
    batch: Int, height: Int, width: Int, inputChannels: Int, outputChannels: Int,
    kernelHeight: Int, kernelWidth: Int, stride: Int = 1, padding: Int = 0
  ) {
    self.batch = batch
    self.height = height
    self.width = width
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
  }

  public var outputHeight: Int { (height + 2 * padding - kernelHeight) / stride + 1 }
  public var outputWidth: Int { (width + 2 * padding - kernelWidth) / stride + 1 }
  public var inputCount: Int { batch * height * width * inputChannels }
  public var outputPixels: Int { batch * outputHeight * outputWidth }
  public var outputCount: Int { outputPixels * outputChannels }
  public var weightCount: Int { kernelHeight * kernelWidth * inputChannels * outputChannels }
  /// Two for each multiplication and addition of one pass.
  public var operations: Double { 2 * Double(outputPixels) * Double(weightCount) }

  private var fitsWinograd: Bool {
    kernelHeight == 3 && kernelWidth == 3 && stride == 1 && padding <= 2 && inputChannels >= 8
      && outputChannels >= 8
  }

  /// Whether Winograd's form is the faster forward and back to the input.
  ///
  /// Chosen by an image's shape, so that what an image gives does not depend on the batch around it.
  /// Transformed weights are four or seven times as large: a few tiles do not pay for making and reading them.
  var usesWinograd: Bool {
    fitsWinograd
      && pieces(outputHeight, of: 4) * pieces(outputWidth, of: 4) >= (weightsAreBlocked ? 4 : 9)
  }

  /// The tile of Winograd's form for maps of some size: the larger one where it takes a tenth fewer
  /// multiplications, since not too much of it lies beyond the edges, and where there are enough tiles
  /// to pay for weights that are twice as many.
  func winogradTile(height: Int, width: Int) -> WinogradTile {
    func tiles(of tile: WinogradTile) -> Int {
      pieces(height, of: tile.side) * pieces(width, of: tile.side)
    }
    let (six, four) = (tiles(of: .six), tiles(of: .four))
    if weightsAreBlocked || six < 36 { return .four }
    let multiplications = (
      six: six * WinogradTile.six.points, four: four * WinogradTile.four.points
    )
    return 10 * multiplications.six < 9 * multiplications.four ? .six : .four
  }

  /// Whether weights transformed for tiles of four, here of more than four megabytes, are better made anew in blocks
  /// that stay in a core's cache.
  var weightsAreBlocked: Bool { inputChannels * outputChannels >= 32_768 }

  /// Whether Winograd's form is the faster for the weights' gradient, a sum over the batch.
  var usesWinogradForWeights: Bool {
    fitsWinograd && batch * pieces(outputHeight, of: 4) * pieces(outputWidth, of: 4) >= 16
  }

  /// With so few channels a whole kernel row is read as one stretch, from a padded copy.
  var mergesKernelRows: Bool { inputChannels < 8 && kernelWidth > 1 }

  /// The sizes when the input is padded already and a kernel row counts as one tap.
  var padded: ConvolutionShape {
    var shape = self
    shape.height += 2 * padding
    shape.width += 2 * padding
    shape.padding = 0
    return shape
  }
}

/// Weights in the form that a convolution's inner loops read, for shapes of one form.
public struct PreparedWeights {
  enum Form: Hashable {
    case winograd(WinogradTile)
    /// Winograd's, transformed in blocks as they are needed.
    case blocks
    case narrow
    case panels
  }

  let form: Form
  /// Empty where the weights are read as they are.
  let packed: Buffer?
  let weights: UnsafePointer<Float>
}

extension ConvolutionShape {
  var form: PreparedWeights.Form {
    if usesWinograd {
      return weightsAreBlocked
        ? .blocks : .winograd(winogradTile(height: outputHeight, width: outputWidth))
    }
    return NarrowConvolution.suits(self) ? .narrow : .panels
  }

  /// Whether weights that were prepared for another shape serve this one too.
  public func shares(_ prepared: PreparedWeights) -> Bool { form == prepared.form }
}

/// Brings weights into the form that `convolve` reads; worth keeping while they do not change.
///
/// - Parameter w: Must live as long as the result.
public func prepareWeights(
  _ shape: ConvolutionShape, _ w: UnsafePointer<Float>, on context: KernelContext
) -> PreparedWeights {
  switch shape.form {
  case .winograd:
    let packed = WinogradProduct(shape, on: context).transform(weights: w)
    return PreparedWeights(form: shape.form, packed: packed, weights: w)
  case .blocks, .narrow:
    return PreparedWeights(form: shape.form, packed: nil, weights: w)
  case .panels:
    let panels = shape.panels(lanes: context.tiles.lanes)
    let packed = context.buffers.take(panels.size)
    panels.pack(w, stride: shape.outputChannels, into: packed.pointer, on: context.workers)
    return PreparedWeights(form: .panels, packed: packed, weights: w)
  }
}

/// Convolves: `y[n, p, q, :] = bias + Σ x[n, p·stride - padding + i, q·stride - padding + j, :] w[i, j]`.
///
/// - Parameters:
///   - sources: The input's channels, in order; those that are doubled are repeated as they are read.
///   - epilogue: What is added and measured while the output is still in the cache.
///   - y: `[batch, outputHeight, outputWidth, outputChannels]`, overwritten.
public func convolve(
  _ shape: ConvolutionShape, sources: [ImageSource], weights w: UnsafePointer<Float>,
  epilogue: ConvolutionEpilogue = ConvolutionEpilogue(), output y: UnsafeMutablePointer<Float>,
  on context: KernelContext
) {
  convolve(
    shape, sources: sources, prepared: prepareWeights(shape, w, on: context), epilogue: epilogue,
    output: y, on: context)
}

/// The same with weights that were prepared for such a shape.
public func convolve(
  _ shape: ConvolutionShape, sources: [ImageSource], prepared: PreparedWeights,
  epilogue: ConvolutionEpilogue = ConvolutionEpilogue(), output y: UnsafeMutablePointer<Float>,
  on context: KernelContext
) {
  precondition(shape.shares(prepared), "the weights were prepared for another form")
  withExtendedLifetime(prepared) {
    switch (shape.form, prepared.packed) {
    case (.winograd(_), let packed?):
      withPaired(sources, of: shape, on: context) { sources in
        WinogradProduct(shape, on: context).run(
          sources: sources, weights: packed.pointer,
          targets: [ImageTarget(y, channels: shape.outputChannels)], epilogue: epilogue)
      }
    case (.blocks, _):
      withPaired(sources, of: shape, on: context) { sources in
        BlockedWinogradProduct(
          tiling: WinogradTiling(shape), inputChannels: shape.inputChannels,
          outputChannels: shape.outputChannels, context: context
        ).run(
          sources: sources, weights: .forward(prepared.weights),
          targets: [ImageTarget(y, channels: shape.outputChannels)], epilogue: epilogue)
      }
    case (.panels, let packed?):
      convolveGathered(
        shape, sources: sources, packed: packed.pointer, epilogue: epilogue, output: y,
        on: context)
    default:
      withJoined(sources, of: shape, on: context) { x in
        NarrowConvolution(shape: shape, context: context).convolve(
          input: x, weights: prepared.weights, epilogue: epilogue, output: y)
      }
    }
  }
}

private func convolveGathered(
  _ shape: ConvolutionShape, sources: [ImageSource], packed: UnsafePointer<Float>,
  epilogue: ConvolutionEpilogue, output y: Output, on context: KernelContext
) {
  // The pixels of a 1x1 convolution are normalised as they are gathered; others take a copy.
  let isPointwise = shape.kernelHeight == 1 && shape.kernelWidth == 1 && shape.padding == 0
  let normalisation =
    isPointwise && sources.count == 1 && !sources[0].isDoubled ? sources[0].normalisation : nil
  var sources = sources
  if normalisation != nil { sources[0].normalisation = nil }
  withJoined(sources, of: shape, on: context) { x in
    let panels = shape.panels(lanes: context.tiles.lanes)
    let bias = epilogue.bias.map { pad($0, to: panels, on: context) }
    let copy = shape.mergesKernelRows ? padInput(shape, x, on: context) : nil
    let gathering = Gathering(forward: shape)
    let zeros = context.takeZeroed(gathering.depth)
    let (input, nothing) = (copy.map { UnsafePointer($0.pointer) } ?? x, zeros.pointer)
    let product = GatheredProduct(
      rows: gathering.rows, taps: gathering.taps.count, depth: gathering.depth, panels: panels,
      tiles: context.tiles)
    var epilogue = epilogue
    epilogue.bias = bias.map { UnsafePointer($0.pointer) }
    withExtendedLifetime((bias, copy, zeros)) {
      product.run(
        packed: packed, accumulate: false, epilogue: epilogue, output: y,
        normalisation: normalisation, on: context
      ) {
        gathering.find($0, $1, $2, $3, from: input, to: y, zeros: nothing)
      }
    }
  }
}

extension ConvolutionShape {
  fileprivate func panels(lanes: Int) -> Panels {
    Panels(
      columns: outputChannels, depth: kernelHeight * kernelWidth * inputChannels, lanes: lanes)
  }
}

/// The gradient with respect to a convolution's input.
///
/// - Parameters:
///   - dy: `[batch, outputHeight, outputWidth, outputChannels]`.
///   - targets: Where the gradients of the sources go, in order.
public func convolveInputGradient(
  _ shape: ConvolutionShape, outputGradient dy: UnsafePointer<Float>,
  weights w: UnsafePointer<Float>, targets: [ImageTarget], on context: KernelContext
) {
  if shape.usesWinograd {
    let tiling = WinogradTiling(inputGradientOf: shape)
    let sources = [ImageSource(dy, channels: shape.outputChannels)]
    if shape.weightsAreBlocked {
      BlockedWinogradProduct(
        tiling: tiling, inputChannels: shape.outputChannels, outputChannels: shape.inputChannels,
        context: context
      ).run(sources: sources, weights: .backward(w), targets: targets)
      return
    }
    let product = WinogradProduct(
      tiling: tiling, inputChannels: shape.outputChannels, outputChannels: shape.inputChannels,
      context: context)
    let flipped = flipWeights(shape, w, on: context)
    let packed = product.transform(weights: flipped.pointer)
    withExtendedLifetime((flipped, packed)) {
      product.run(sources: sources, weights: packed.pointer, targets: targets)
    }
    return
  }
  if targets.count == 1, !targets[0].isHalved {
    gatherInputGradient(
      shape, outputGradient: dy, weights: w, target: targets[0], on: context)
    return
  }
  let joined = context.buffers.take(shape.inputCount)
  withExtendedLifetime(joined) {
    gatherInputGradient(
      shape, outputGradient: dy, weights: w,
      target: ImageTarget(joined.pointer, channels: shape.inputChannels), on: context)
    split(joined.pointer, of: shape, into: targets, on: context.workers)
  }
}

/// One product for each residue of the stride: input pixels of one residue meet the same taps.
private func gatherInputGradient(
  _ shape: ConvolutionShape, outputGradient dy: UnsafePointer<Float>,
  weights w: UnsafePointer<Float>, target: ImageTarget, on context: KernelContext
) {
  if NarrowConvolution.suits(shape) {
    return NarrowConvolution(shape: shape, context: context).inputGradient(
      outputGradient: dy, weights: w, target: target)
  }
  let zeros = context.takeZeroed(shape.outputChannels)
  let nothing = zeros.pointer
  let uncovered = shape.kernelHeight < shape.stride || shape.kernelWidth < shape.stride
  if uncovered, !target.accumulate {
    clear(target.pointer, count: shape.inputCount, on: context.workers)
  }
  for y in 0..<min(shape.stride, shape.height) {
    for x in 0..<min(shape.stride, shape.width) {
      let gathering = Gathering(backward: shape, residueY: y, residueX: x)
      guard !gathering.taps.isEmpty else { continue }
      let panels = Panels(
        columns: shape.inputChannels, depth: gathering.taps.count * shape.outputChannels,
        lanes: context.tiles.lanes)
      let packed = context.buffers.take(panels.size)
      panels.packTransposed(
        w, stride: shape.outputChannels,
        starts: gathering.taps.map { $0.weight * shape.inputChannels * shape.outputChannels },
        piece: shape.outputChannels, into: packed.pointer, on: context.workers)
      let product = GatheredProduct(
        rows: gathering.rows, taps: gathering.taps.count, depth: gathering.depth, panels: panels,
        tiles: context.tiles)
      withExtendedLifetime((packed, zeros)) {
        product.run(
          packed: packed.pointer, accumulate: target.accumulate, epilogue: ConvolutionEpilogue(),
          output: target.pointer, on: context
        ) {
          gathering.find($0, $1, $2, $3, from: dy, to: target.pointer, zeros: nothing)
        }
      }
    }
  }
}

/// Weights with taps in reverse and channels exchanged, `[3, 3, out, in]`: what takes gradients back.
private func flipWeights(
  _ shape: ConvolutionShape, _ w: UnsafePointer<Float>, on context: KernelContext
) -> Buffer {
  let (C, K) = (shape.inputChannels, shape.outputChannels)
  let flipped = context.buffers.take(shape.weightCount)
  let target = flipped.pointer
  let rows = 64
  let pieces = pieces(C, of: rows)
  context.workers.forEach(chunks: 9 * pieces) { chunk in
    let tap = chunk / pieces
    let first = chunk % pieces * rows
    transpose(
      w + (tap * C + first) * K, rows: min(rows, C - first), columns: K, stride: K,
      into: target + (8 - tap) * C * K + first, targetStride: C)
  }
  return flipped
}

/// The bias in a buffer as long as the panels are wide, so that whole vectors can be read.
private func pad(
  _ bias: UnsafePointer<Float>, to panels: Panels, on context: KernelContext
) -> Buffer {
  let buffer = context.takeZeroed(panels.paddedColumns)
  let target = buffer.pointer
  context.workers.alone { target.update(from: bias, count: panels.columns) }
  return buffer
}

/// The input with its zeros around it.
func padInput(
  _ shape: ConvolutionShape, _ x: UnsafePointer<Float>, on context: KernelContext
) -> Buffer {
  let padded = shape.padded
  let copy = context.buffers.take(padded.inputCount)
  let start = copy.pointer
  let row = shape.width * shape.inputChannels
  let margin = shape.padding * shape.inputChannels
  let paddedRow = row + 2 * margin
  context.workers.forEach(chunks: shape.batch * padded.height) { chunk in
    let (n, line) = chunk.quotientAndRemainder(dividingBy: padded.height)
    let h = line - shape.padding
    let target = start + chunk * paddedRow
    guard 0..<shape.height ~= h else {
      target.update(repeating: 0, count: paddedRow)
      return
    }
    target.update(repeating: 0, count: margin)
    (target + margin).update(from: x + (n * shape.height + h) * row, count: row)
    (target + margin + row).update(repeating: 0, count: margin)
  }
  return copy
}
