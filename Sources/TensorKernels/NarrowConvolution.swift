/// Convolutions of stride 1 with one to four outputs, such as a U-Net's head: a tile of outputs would
/// be nearly empty, so vectors run along the input's channels, and each output is the total of one.
struct NarrowConvolution {
  let shape: ConvolutionShape
  let context: KernelContext

  private static let rowsPerChunk = 8
  /// Pixels of the output, or of an input's gradient, that are made at once.
  private static let pixels = 4

  static func suits(_ shape: ConvolutionShape) -> Bool {
    shape.kernelWidth > 1 && shape.stride == 1 && shape.outputChannels <= 4
      && shape.inputChannels >= 8 && shape.outputHeight >= 4
  }

  func convolve(
    input x: Input, weights w: UnsafePointer<Float>, epilogue: ConvolutionEpilogue,
    output y: Output
  ) {
    let (H, W) = (shape.outputHeight, shape.outputWidth)
    let (C, K) = (shape.inputChannels, shape.outputChannels)
    let byOutput = weightsByOutput(w)
    let parts = epilogue.statistics.map { _ in
      ChunkStatistics(channels: K, chunks: shape.batch * H, on: context)
    }
    let chunkEpilogue = ConvolutionEpilogue(
      residual: epilogue.residual, rectifies: epilogue.rectifies)
    let finishes = parts != nil || epilogue.residual != nil || epilogue.rectifies
    // Two floats for each pointer to a pixel of a row.
    let pointers = finishes ? context.buffers.take(context.workers.threads * 2 * W) : nil
    let (allWeights, allPointers, statistics) = (byOutput.pointer, pointers?.pointer, parts?.rows)
    context.workers.forEach(chunks: shape.batch * H) { row, worker in
      let (n, p) = (row / H, row % H)
      let tall = inside(p, shape.height, shape.kernelHeight)
      var q = 0
      while q < W {
        let wide = inside(q, shape.width, shape.kernelWidth)
        // The pixels under a row of taps lie side by side, as its weights do.
        let count = wide.count * C
        let pixels =
          x
          + ((n * shape.height + p - shape.padding) * shape.width + q - shape.padding
            + wide.lowerBound) * C
        let isWhole =
          wide.count == shape.kernelWidth && count % 8 == 0
          && q + Self.pixels - 1 - shape.padding + shape.kernelWidth <= shape.width
        for k in 0..<K {
          let weights = allWeights + (k * taps + wide.lowerBound) * C
          let bias = epilogue.bias?[k] ?? 0
          let result = y + (row * W + q) * K + k
          // Whole rows of taps for four pixels at a time: weights are read once for them.
          if isWhole {
            var sums = PixelSums()
            for i in tall {
              let line = pixels + i * shape.width * C
              let lineWeights = weights + i * shape.kernelWidth * C
              var lines = PixelSums()
              var c = 0
              // Not over a stride, whose iterator is called for each element here.
              while c < count {
                lines.add(load(lineWeights + c), timesPixels: line + c, stride: C)
                c += 8
              }
              sums.add(lines)
            }
            sums.putTotals(result, plus: bias, stride: K)
            continue
          }
          var sum = Lanes()
          for i in tall {
            let line = pixels + i * shape.width * C
            let lineWeights = weights + i * shape.kernelWidth * C
            var products = Lanes()
            var c = 0
            while c < count {
              products = products.addingProduct(
                load(line + c, count - c), load(lineWeights + c, count - c))
              c += 8
            }
            sum += products
          }
          result.pointee = sum.total + bias
        }
        q += isWhole ? Self.pixels : 1
      }
      guard let allPointers else { return }
      let rows = UnsafeMutableRawPointer(allPointers + worker * 2 * W)
        .assumingMemoryBound(to: Output.self)
      for q in 0..<W { rows[q] = y + (row * W + q) * K }
      chunkEpilogue.finish(
        rows: rows, count: W, columns: 0..<K, base: y, statistics: statistics?[row],
        rowStride: 16, tiles: context.tiles)
    }
    withExtendedLifetime((byOutput, pointers)) {}
    if let parts, let statistics = epilogue.statistics {
      parts.join(into: statistics) { _ in W }
    }
  }

  func inputGradient(
    outputGradient dy: Input, weights w: UnsafePointer<Float>, target: ImageTarget
  ) {
    let (C, K) = (shape.inputChannels, shape.outputChannels)
    let (H, W) = (shape.outputHeight, shape.outputWidth)
    let byOutput = weightsByOutput(w)
    let allWeights = byOutput.pointer
    context.workers.forEach(chunks: shape.batch * shape.height) { row in
      let (n, h) = (row / shape.height, row % shape.height)
      let line = target.pointer + row * shape.width * C
      let outputs = dy + (n * H + h + shape.padding) * W * K
      let tall = max(0, h + shape.padding + 1 - H)..<min(shape.kernelHeight, h + shape.padding + 1)
      for c in stride(from: 0, to: C, by: 8) {
        var w = 0
        while w < shape.width {
          // Pixels that all columns of taps reach, four at a time: weights are read once for them.
          let isInside =
            w + shape.padding + 1 >= shape.kernelWidth && w + Self.pixels + shape.padding <= W
            && w + Self.pixels <= shape.width
          if isInside, C - c >= 8 {
            var sums = target.accumulate ? PixelSums(line + w * C + c, stride: C) : PixelSums()
            for i in tall {
              for j in 0..<shape.kernelWidth {
                for k in 0..<K {
                  let weights = allWeights + (k * taps + i * shape.kernelWidth + j) * C + c
                  sums.add(
                    load(weights), times: outputs + (w + shape.padding - j - i * W) * K + k,
                    stride: K)
                }
              }
            }
            sums.put(line + w * C + c, stride: C)
            w += Self.pixels
          } else {
            let reach = w + shape.padding
            let wide = max(0, reach + 1 - W)..<max(0, min(shape.kernelWidth, reach + 1))
            var sum = target.accumulate ? load(line + w * C + c, C - c) : Lanes()
            for i in tall {
              for j in wide {
                for k in 0..<K {
                  let weights = allWeights + (k * taps + i * shape.kernelWidth + j) * C + c
                  sum = sum.addingProduct(
                    load(weights, C - c), Lanes(repeating: outputs[(reach - j - i * W) * K + k]))
                }
              }
            }
            store(sum, to: line + w * C + c, C - c)
            w += 1
          }
        }
      }
    }
    withExtendedLifetime(byOutput) {}
  }

  func weightGradient(input x: Input, outputGradient dy: Input, target: GradientTarget) {
    let (H, W) = (shape.outputHeight, shape.outputWidth)
    let (C, K) = (shape.inputChannels, shape.outputChannels)
    let chunks = pieces(shape.batch * H, of: Self.rowsPerChunk)
    let size = taps * K * C
    let sums = context.takeZeroed(chunks * size)
    let allSums = sums.pointer
    context.workers.forEach(chunks: chunks) { chunk in
      let own = allSums + chunk * size
      for row in chunk * Self.rowsPerChunk..<min(shape.batch * H, (chunk + 1) * Self.rowsPerChunk) {
        let (n, p) = (row / H, row % H)
        for i in 0..<shape.kernelHeight {
          let h = p - shape.padding + i
          guard h >= 0, h < shape.height else { continue }
          for j in 0..<shape.kernelWidth {
            let shift = j - shape.padding
            let range = max(0, -shift)..<max(max(0, -shift), min(W, shape.width - shift))
            let line = x + ((n * shape.height + h) * shape.width + shift) * C
            for k in 0..<K {
              let weights = own + (k * taps + i * shape.kernelWidth + j) * C
              let gradient = dy + row * W * K + k
              var c = 0
              while c + 16 <= C {
                addPixels(range, of: line + c, times: gradient, to: weights + c)
                c += 16
              }
              while c < C {
                let left = C - c
                var (even, odd) = (load(weights + c, left), Lanes())
                for q in range {
                  let value = load(line + q * C + c, left)
                  let factor = Lanes(repeating: gradient[q * K])
                  if (q - range.lowerBound) % 2 == 0 {
                    even = even.addingProduct(value, factor)
                  } else {
                    odd = odd.addingProduct(value, factor)
                  }
                }
                store(even + odd, to: weights + c, left)
                c += 8
              }
            }
          }
        }
      }
    }
    context.workers.alone {
      for k in 0..<K {
        for tap in 0..<taps {
          for c in 0..<C {
            var sum: Float = 0
            for chunk in 0..<chunks { sum += allSums[chunk * size + (k * taps + tap) * C + c] }
            let i = (tap * C + c) * K + k
            target.pointer[i] = target.accumulate ? target.pointer[i] + sum : sum
          }
        }
      }
    }
    withExtendedLifetime(sums) {}
  }

  /// Adds sixteen channels of some pixels of a row, times their gradients, to sums: even and odd pixels
  /// apart, in two chains.
  @inline(__always)
  private func addPixels(
    _ range: Range<Int>, of line: Input, times gradient: Input, to sums: Output
  ) {
    let (C, K) = (shape.inputChannels, shape.outputChannels)
    var (even, odd) = (load(sums), Lanes())
    var (evenAbove, oddAbove) = (load(sums + 8), Lanes())
    var q = range.lowerBound
    while q + 1 < range.upperBound {
      let pixel = line + q * C
      var factor = Lanes(repeating: gradient[q * K])
      even = even.addingProduct(load(pixel), factor)
      evenAbove = evenAbove.addingProduct(load(pixel + 8), factor)
      factor = Lanes(repeating: gradient[(q + 1) * K])
      odd = odd.addingProduct(load(pixel + C), factor)
      oddAbove = oddAbove.addingProduct(load(pixel + C + 8), factor)
      q += 2
    }
    if q < range.upperBound {
      let factor = Lanes(repeating: gradient[q * K])
      even = even.addingProduct(load(line + q * C), factor)
      evenAbove = evenAbove.addingProduct(load(line + q * C + 8), factor)
    }
    store(even + odd, to: sums)
    store(evenAbove + oddAbove, to: sums + 8)
  }

  private var taps: Int { shape.kernelHeight * shape.kernelWidth }

  /// Weights as `[outputs, taps, inputs]`.
  private func weightsByOutput(_ w: UnsafePointer<Float>) -> Buffer {
    let result = context.buffers.take(shape.weightCount)
    let target = result.pointer
    context.workers.alone {
      for i in 0..<taps * shape.inputChannels {
        for k in 0..<shape.outputChannels {
          target[k * taps * shape.inputChannels + i] = w[i * shape.outputChannels + k]
        }
      }
    }
    return result
  }

  /// The taps of an output row or column that lie in an image of `size`.
  @inline(__always)
  private func inside(_ place: Int, _ size: Int, _ kernel: Int) -> Range<Int> {
    let first = place - shape.padding
    return max(0, -first)..<min(kernel, size - first)
  }
}

/// A vector for each of four pixels that lie side by side.
private struct PixelSums {
  private var a = Lanes()
  private var b = Lanes()
  private var c = Lanes()
  private var d = Lanes()

  @inline(__always)
  init() {}

  @inline(__always)
  init(_ pixels: Input, stride: Int) {
    a = load(pixels)
    b = load(pixels + stride)
    c = load(pixels + 2 * stride)
    d = load(pixels + 3 * stride)
  }

  /// Adds weights times a number for each pixel.
  @inline(__always)
  mutating func add(_ weights: Lanes, times numbers: Input, stride: Int) {
    a = a.addingProduct(weights, Lanes(repeating: numbers[0]))
    b = b.addingProduct(weights, Lanes(repeating: numbers[stride]))
    c = c.addingProduct(weights, Lanes(repeating: numbers[2 * stride]))
    d = d.addingProduct(weights, Lanes(repeating: numbers[3 * stride]))
  }

  /// Adds weights times a vector of each pixel.
  @inline(__always)
  mutating func add(_ weights: Lanes, timesPixels pixels: Input, stride: Int) {
    a = a.addingProduct(weights, load(pixels))
    b = b.addingProduct(weights, load(pixels + stride))
    c = c.addingProduct(weights, load(pixels + 2 * stride))
    d = d.addingProduct(weights, load(pixels + 3 * stride))
  }

  @inline(__always)
  mutating func add(_ other: PixelSums) {
    a += other.a
    b += other.b
    c += other.c
    d += other.d
  }

  /// Writes a number for each pixel: the total of its vector, plus another.
  @inline(__always)
  func putTotals(_ numbers: Output, plus bias: Float, stride: Int) {
    numbers[0] = a.total + bias
    numbers[stride] = b.total + bias
    numbers[2 * stride] = c.total + bias
    numbers[3 * stride] = d.total + bias
  }

  @inline(__always)
  func put(_ pixels: Output, stride: Int) {
    store(a, to: pixels)
    store(b, to: pixels + stride)
    store(c, to: pixels + 2 * stride)
    store(d, to: pixels + 3 * stride)
  }
}
