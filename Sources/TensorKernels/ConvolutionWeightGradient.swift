internal import Tiles

/// The gradient with respect to a convolution's weights.
///
/// For each tap, the sum over pixels of input channels times output channels. A unit of work is one
/// tap, one panel of output channels and a group of input channels; it walks all pixels in order,
/// 256 at a time, so the order of the sums depends on the shape alone.
/// - Parameters:
///   - sources: The input, with 64 readable bytes behind each end (as a `Buffer` has).
public func convolveWeightGradient(
  _ shape: ConvolutionShape, sources: [ImageSource], outputGradient dy: UnsafePointer<Float>,
  weightGradient: GradientTarget, on context: KernelContext
) {
  if shape.usesWinogradForWeights {
    WinogradWeightGradient(shape, on: context).run(
      sources: sources, outputGradient: dy, target: weightGradient)
    return
  }
  withJoined(sources, of: shape, on: context) { x in
    if NarrowConvolution.suits(shape) {
      return NarrowConvolution(shape: shape, context: context).weightGradient(
        input: x, outputGradient: dy, target: weightGradient)
    }
    sumTaps(shape, input: x, outputGradient: dy, target: weightGradient, on: context)
  }
}

private func sumTaps(
  _ shape: ConvolutionShape, input x: UnsafePointer<Float>,
  outputGradient dy: UnsafePointer<Float>, target: GradientTarget, on context: KernelContext
) {
  let pixels = shape.outputPixels
  let lanes = context.tiles.lanes
  let panels = Panels(columns: shape.outputChannels, depth: pixels, lanes: lanes)
  // One or two vectors of channels are one panel as they stand.
  let isPacked = shape.outputChannels == lanes || shape.outputChannels == 2 * lanes
  let packed = isPacked ? nil : context.buffers.take(panels.size)
  if let packed {
    panels.pack(dy, stride: shape.outputChannels, into: packed.pointer, on: context.workers)
  }
  let copy = shape.mergesKernelRows ? padInput(shape, x, on: context) : nil
  let sums = TapSums(
    shape: shape, x: copy.map { UnsafePointer($0.pointer) } ?? x,
    b: packed.map { UnsafePointer($0.pointer) } ?? dy, panels: panels, tiles: context.tiles,
    dw: target.pointer, accumulate: target.accumulate)
  withExtendedLifetime((packed, copy)) {
    context.workers.forEach(chunks: sums.units) { sums.run(unit: $0) }
  }
}

private struct TapSums {
  let input: ConvolutionShape
  let taps: Int
  let tapsPerRow: Int
  /// Rows of the weights that one tap has.
  let depth: Int
  let groups: Int
  let x: Input
  let b: UnsafePointer<Float>
  let panels: Panels
  let tiles: any TileKernels.Type
  let dw: Output
  let accumulate: Bool

  /// Rows of the weights in one unit: a multiple of both tile heights.
  private static let rowsPerGroup = 96
  private static let pixelsPerBlock = 256

  var units: Int { taps * panels.count * groups }

  init(
    shape: ConvolutionShape, x: Input, b: UnsafePointer<Float>, panels: Panels,
    tiles: any TileKernels.Type, dw: Output, accumulate: Bool
  ) {
    input = shape.mergesKernelRows ? shape.padded : shape
    tapsPerRow = shape.mergesKernelRows ? 1 : shape.kernelWidth
    taps = shape.kernelHeight * tapsPerRow
    depth = shape.inputChannels * shape.kernelWidth / tapsPerRow
    groups = pieces(depth, of: Self.rowsPerGroup)
    (self.x, self.b, self.panels, self.tiles) = (x, b, panels, tiles)
    (self.dw, self.accumulate) = (dw, accumulate)
  }

  func run(unit: Int) {
    let group = unit % groups
    let panel = unit / groups % panels.count
    let tap = unit / groups / panels.count
    let (runs, blocks) = self.runs(tap: tap, panel: panel)
    let rows = group * Self.rowsPerGroup..<min(depth, (group + 1) * Self.rowsPerGroup)
    let vectors = panels.vectors(in: panel)
    let width = vectors * panels.lanes
    let used = panels.used(in: panel)
    let height = tiles.sumHeight(vectors: vectors)
    // No pixel meets this tap: its gradient is nothing.
    if blocks.isEmpty, !accumulate {
      for row in rows {
        let target = dw + (tap * depth + row) * panels.columns + panel * panels.panelWidth
        for j in 0..<used { target[j] = 0 }
      }
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { spill in
      withUnsafeTemporaryAllocation(of: Output.self, capacity: 8) { outputs in
        let spill = spill.baseAddress!
        let outputs = outputs.baseAddress!
        for (index, block) in blocks.enumerated() {
          for row in stride(from: rows.lowerBound, to: rows.upperBound, by: height) {
            let valid = min(height, rows.upperBound - row)
            let target = dw + (tap * depth + row) * panels.columns + panel * panels.panelWidth
            let adds = accumulate || index > 0
            let isWhole = used == width
            for r in 0..<height {
              outputs[r] =
                isWhole && r < valid ? target + r * panels.columns : spill + r * 32
            }
            runs.withUnsafeBufferPointer { runs in
              let first = runs.baseAddress! + block.lowerBound
              tiles.sum(
                runs: first, count: block.count, offset: row, stride: pixelStride,
                vectors: vectors, outputs: outputs, adds: adds && isWhole)
            }
            if !isWhole {
              for r in 0..<valid {
                for j in 0..<used {
                  let sum = spill[r * 32 + j]
                  target[r * panels.columns + j] =
                    adds ? target[r * panels.columns + j] + sum : sum
                }
              }
            }
          }
        }
      }
    }
  }

  /// Floats between the inputs of neighbouring output pixels.
  private var pixelStride: Int { input.stride * input.inputChannels }

  /// The stretches of output pixels that see the image through a tap, and which form a block.
  private func runs(tap: Int, panel: Int) -> (runs: [Run], blocks: [Range<Int>]) {
    let (s, p) = (input.stride, input.padding)
    let i = tap / tapsPerRow
    let j = tap % tapsPerRow
    let width = panels.vectors(in: panel) * panels.lanes
    let panelStart = b + panels.offset(of: panel)
    let outputWidth = (input.width + 2 * p - input.kernelWidth) / s + 1
    let low = max(0, pieces(max(0, p - j), of: s))
    // A merged kernel row never leaves its padded input.
    let last =
      tapsPerRow == 1 && input.kernelWidth > 1 ? outputWidth - 1 : (input.width - 1 + p - j) / s
    let high = min(outputWidth - 1, last)
    var runs: [Run] = []
    var blocks: [Range<Int>] = []
    var blockStart = 0
    var filled = 0
    guard low <= high, input.width - 1 + p - j >= 0 else { return ([], []) }
    for n in 0..<input.batch {
      for oh in 0..<input.outputHeight {
        let h = oh * s - p + i
        guard h >= 0, h < input.height else { continue }
        var a = x + ((n * input.height + h) * input.width + low * s - p + j) * input.inputChannels
        var right = panelStart + ((n * input.outputHeight + oh) * outputWidth + low) * width
        var left = high - low + 1
        while left > 0 {
          let count = min(left, Self.pixelsPerBlock - filled)
          if runs.count > blockStart,
            runs[runs.count - 1].left + runs[runs.count - 1].count * pixelStride == a,
            runs[runs.count - 1].right + runs[runs.count - 1].count * width == right
          {
            runs[runs.count - 1].count += count
          } else {
            runs.append(
              Run(left: a, right: right, count: count, step: width, distance: panels.lanes))
          }
          a += count * pixelStride
          right += count * width
          left -= count
          filled += count
          if filled == Self.pixelsPerBlock {
            blocks.append(blockStart..<runs.count)
            blockStart = runs.count
            filled = 0
          }
        }
      }
    }
    if filled > 0 { blocks.append(blockStart..<runs.count) }
    return (runs, blocks)
  }
}
