/// Which input pixels each output pixel of a convolution, or of its input gradient, meets.
///
/// Output pixels form a grid of `batch x gridHeight x gridWidth`; tap t of grid point (a, b) is the
/// input pixel (a·step + t.y, b·step + t.x), or zero outside the image.
struct Gathering {
  struct Tap {
    var y: Int
    var x: Int
    /// The tap's place in the kernel.
    var weight: Int
    /// Floats from where a grid point's own pixel begins.
    var offset: Int
  }

  private(set) var taps: [Tap] = []
  /// Contiguous floats that a tap reads.
  private(set) var depth: Int
  private let batch: Int
  private let gridHeight: Int
  private let gridWidth: Int
  private let step: Int
  private let inputHeight: Int
  private let inputWidth: Int
  private let pixelStride: Int
  // Grid point (a, b) is written at (a·outputStep + y, b·outputStep + x) of the output image.
  private let outputHeight: Int
  private let outputWidth: Int
  private let outputStep: Int
  private let outputY: Int
  private let outputX: Int
  private let outputChannels: Int

  var rows: Int { batch * gridHeight * gridWidth }

  /// Whether each output pixel meets the input pixel of the same place and no other.
  private var isPlain: Bool {
    taps.count == 1 && taps[0].offset == 0 && step == 1 && outputStep == 1
      && (gridHeight, gridWidth) == (inputHeight, inputWidth)
      && (gridHeight, gridWidth) == (outputHeight, outputWidth)
  }

  init(forward shape: ConvolutionShape) {
    let input = shape.mergesKernelRows ? shape.padded : shape
    (batch, gridHeight, gridWidth) = (shape.batch, shape.outputHeight, shape.outputWidth)
    (step, inputHeight, inputWidth) = (shape.stride, input.height, input.width)
    pixelStride = shape.inputChannels
    (outputHeight, outputWidth) = (shape.outputHeight, shape.outputWidth)
    (outputStep, outputY, outputX) = (1, 0, 0)
    outputChannels = shape.outputChannels
    let tapsPerRow = shape.mergesKernelRows ? 1 : shape.kernelWidth
    depth = shape.inputChannels * shape.kernelWidth / tapsPerRow
    taps.reserveCapacity(shape.kernelHeight * tapsPerRow)
    for i in 0..<shape.kernelHeight {
      for j in 0..<tapsPerRow {
        add(y: i - input.padding, x: j - input.padding, weight: i * tapsPerRow + j)
      }
    }
  }

  init(backward shape: ConvolutionShape, residueY: Int, residueX: Int) {
    let s = shape.stride
    batch = shape.batch
    gridHeight = pieces(shape.height - residueY, of: s)
    gridWidth = pieces(shape.width - residueX, of: s)
    (step, inputHeight, inputWidth) = (1, shape.outputHeight, shape.outputWidth)
    pixelStride = shape.outputChannels
    (outputHeight, outputWidth) = (shape.height, shape.width)
    (outputStep, outputY, outputX) = (s, residueY, residueX)
    outputChannels = shape.inputChannels
    depth = shape.outputChannels
    taps.reserveCapacity(pieces(shape.kernelHeight, of: s) * pieces(shape.kernelWidth, of: s))
    for i in 0..<shape.kernelHeight where (residueY + shape.padding - i) % s == 0 {
      for j in 0..<shape.kernelWidth where (residueX + shape.padding - j) % s == 0 {
        add(
          y: (residueY + shape.padding - i) / s, x: (residueX + shape.padding - j) / s,
          weight: i * shape.kernelWidth + j)
      }
    }
  }

  private mutating func add(y: Int, x: Int, weight: Int) {
    taps.append(Tap(y: y, x: x, weight: weight, offset: (y * inputWidth + x) * pixelStride))
  }

  /// Finds a chunk's pointers, as `GatheredProduct.Gather`; `zeros` holds `depth` of them.
  func find(
    _ first: Int, _ count: Int, _ inputs: UnsafeMutablePointer<Input>,
    _ outputs: UnsafeMutablePointer<Output>, from x: Input, to y: Output, zeros: Input
  ) {
    if isPlain {
      for r in 0..<count {
        inputs[r] = x + (first + r) * pixelStride
        outputs[r] = y + (first + r) * outputChannels
      }
      return
    }
    // A merged kernel row stays inside because its input is padded and its x is 0.
    let low = (y: taps.lazy.map(\.y).min() ?? 0, x: taps.lazy.map(\.x).min() ?? 0)
    let high = (y: taps.lazy.map(\.y).max() ?? 0, x: taps.lazy.map(\.x).max() ?? 0)
    var b = first % gridWidth
    var a = first / gridWidth % gridHeight
    var n = first / (gridWidth * gridHeight)
    for r in 0..<count {
      let tile = r / 6
      let lane = r - tile * 6
      let h = a * step
      let w = b * step
      outputs[r] =
        y
        + ((n * outputHeight + a * outputStep + outputY) * outputWidth + b * outputStep
          + outputX) * outputChannels
      let base = x + ((n * inputHeight + h) * inputWidth + w) * pixelStride
      let target = inputs + tile * taps.count * 6 + lane
      if h + low.y >= 0, h + high.y < inputHeight, w + low.x >= 0, w + high.x < inputWidth {
        for t in 0..<taps.count { target[t * 6] = base + taps[t].offset }
      } else {
        for t in 0..<taps.count {
          let tap = taps[t]
          let isInside =
            h + tap.y >= 0 && h + tap.y < inputHeight && w + tap.x >= 0 && w + tap.x < inputWidth
          target[t * 6] = isInside ? base + tap.offset : zeros
        }
      }
      b += 1
      if b == gridWidth {
        b = 0
        a += 1
        if a == gridHeight {
          a = 0
          n += 1
        }
      }
    }
  }
}
