// Six rows by four vectors: for the thirty-two registers of AVX-512. An element of depth takes ten
// loads for its twenty-four products, where twelve rows by two vectors take fourteen. Alone on its
// core either keeps the multipliers busy; with a neighbour on the same core, as on shared machines,
// loads and instructions become scarce: this one, four elements to a round, is a fifth faster there.

internal import CHints
internal import Tiles

#if WIDE
  extension Kernels {
    /// Floats that a gathered tile asks for with each element of depth: sixteen tiles, as many as a
    /// chunk of rows has, ask for a whole block of a panel.
    static var askedPerElement: Int { 4 }
  }

  /// Six gathered rows times four vectors of columns.
  func gatheredTile6x4(
    rows: UnsafePointer<UnsafePointer<Float>>, taps: Int, offset: Int, depth: Int,
    b: UnsafePointer<Float>, outputs: UnsafePointer<UnsafeMutablePointer<Float>>, column: Int,
    start: TileStart, asking ahead: UnsafePointer<Float>
  ) {
    var ahead = ahead
    var sums = SixSums()
    var adds = false
    switch start {
    case .zero: break
    case .columns(let bias): sums = SixSums(FourVectors(bias, Lanes.scalarCount))
    case .output: adds = true
    }
    var rows = rows
    var b = b
    for _ in 0..<taps {
      sums.add(
        rows[0] + offset, rows[1] + offset, rows[2] + offset, rows[3] + offset, rows[4] + offset,
        rows[5] + offset, b, depth, asking: ahead, perElement: Kernels.askedPerElement)
      ahead += depth * Kernels.askedPerElement
      rows += 6
      b += depth * FourVectors.count
    }
    sums.emit(to: outputs, column: column, adds)
  }

  /// Six rows times four vectors of columns.
  func plainTile6x4(
    a: UnsafePointer<Float>, stride: Int, depth: Int, b: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, outputStride: Int, adds: Bool
  ) {
    var sums = SixSums()
    sums.add(
      a, a + stride, a + 2 * stride, a + 3 * stride, a + 4 * stride, a + 5 * stride, b, depth)
    sums.emit(to: output, outputStride, adds)
  }

  /// The same, while it asks for six rows like its own that are read next: eight floats with each
  /// element of depth, for rows that lie a little apart.
  func plainTile6x4(
    a: UnsafePointer<Float>, stride: Int, depth: Int, b: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, outputStride: Int, adds: Bool,
    asking ahead: UnsafePointer<Float>
  ) {
    var sums = SixSums()
    let (a1, a2, a3, a4, a5) = (
      a + stride, a + 2 * stride, a + 3 * stride, a + 4 * stride, a + 5 * stride
    )
    var k = 0
    while k + 4 <= depth {
      for line in 0..<8 { prefetch_line_for_later(ahead + k * 8 + line * 16) }
      let until = min(depth, k + 16)
      // Not `while`, which the compiler prepares to leave at once by storing all sums.
      repeat {
        sums.addFour(a, a1, a2, a3, a4, a5, b, at: k)
        k += 4
      } while k + 4 <= until
    }
    while k < depth {
      sums.addOne(a, a1, a2, a3, a4, a5, b, at: k)
      k += 1
    }
    sums.emit(to: output, outputStride, adds)
  }

  /// Six values of each pixel times four vectors.
  func sumTile6x4(
    _ pairs: UnsafePointer<UnsafePointer<Float>>, _ right: UnsafePointer<Float>,
    _ count: Int, _ distance: Int, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>,
    _ adds: Bool, _ asked: inout AskedLines
  ) {
    let (p0, p1, p2) = (pairs[0], pairs[1], pairs[2])
    var sums = SixSums()
    var k = 0
    while k < count {
      asked.ask()
      let until = min(count, k + pixelsPerTurn)
      repeat {
        sums.addPixel(p0, p1, p2, right, distance, at: k * Lanes.scalarCount)
        k += 1
      } while k < until
    }
    sums.emit(to: outputs, column: 0, adds)
  }

  /// Four values of each pixel times four vectors.
  func sumTile4x4(
    _ pairs: UnsafePointer<UnsafePointer<Float>>, _ right: UnsafePointer<Float>,
    _ count: Int, _ distance: Int, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>,
    _ adds: Bool, _ asked: inout AskedLines
  ) {
    let (p0, p1) = (pairs[0], pairs[1])
    var c0 = FourVectors()
    var c1 = FourVectors()
    var c2 = FourVectors()
    var c3 = FourVectors()
    var k = 0
    while k < count {
      asked.ask()
      let until = min(count, k + pixelsPerTurn)
      repeat {
        let i = k * Lanes.scalarCount
        let columns = FourVectors(right + i, distance)
        c0.add(p0[i], columns)
        c1.add(p0[i + 1], columns)
        c2.add(p1[i], columns)
        c3.add(p1[i + 1], columns)
        k += 1
      } while k < until
    }
    c0.emit(to: outputs[0], adds)
    c1.emit(to: outputs[1], adds)
    c2.emit(to: outputs[2], adds)
    c3.emit(to: outputs[3], adds)
  }

  /// The sums of six rows, each in registers.
  private struct SixSums {
    var c0 = FourVectors()
    var c1 = FourVectors()
    var c2 = FourVectors()
    var c3 = FourVectors()
    var c4 = FourVectors()
    var c5 = FourVectors()

    @inline(__always)
    init() {}

    /// Every row begins with the same.
    @inline(__always)
    init(_ start: FourVectors) {
      (c0, c1, c2) = (start, start, start)
      (c3, c4, c5) = (start, start, start)
    }

    /// Adds the products of one value of each row.
    @inline(__always)
    mutating func add(
      _ x0: Float, _ x1: Float, _ x2: Float, _ x3: Float, _ x4: Float, _ x5: Float,
      _ columns: FourVectors
    ) {
      c0.add(x0, columns)
      c1.add(x1, columns)
      c2.add(x2, columns)
      c3.add(x3, columns)
      c4.add(x4, columns)
      c5.add(x5, columns)
    }

    /// Adds the products of three pairs of values and four vectors, of one pixel.
    @inline(__always)
    mutating func addPixel(
      _ p0: UnsafePointer<Float>, _ p1: UnsafePointer<Float>, _ p2: UnsafePointer<Float>,
      _ right: UnsafePointer<Float>, _ distance: Int, at i: Int
    ) {
      add(
        p0[i], p0[i + 1], p1[i], p1[i + 1], p2[i], p2[i + 1], FourVectors(right + i, distance))
    }

    /// Adds the products of `depth` elements of six rows and a panel, in order.
    @inline(__always)
    mutating func add(
      _ a0: UnsafePointer<Float>, _ a1: UnsafePointer<Float>, _ a2: UnsafePointer<Float>,
      _ a3: UnsafePointer<Float>, _ a4: UnsafePointer<Float>, _ a5: UnsafePointer<Float>,
      _ b: UnsafePointer<Float>, _ depth: Int
    ) {
      var k = 0
      while k + 4 <= depth {
        addFour(a0, a1, a2, a3, a4, a5, b, at: k)
        k += 4
      }
      while k < depth {
        addOne(a0, a1, a2, a3, a4, a5, b, at: k)
        k += 1
      }
    }

    /// The same, while it asks for what is read later, `asked` floats with each element: a few lines
    /// at a time, since many at once keep loads waiting, and outside the inner loop, where they have
    /// the compiler move registers. With a `repeat` inside, within a loop over taps, it does so too.
    @inline(__always)
    mutating func add(
      _ a0: UnsafePointer<Float>, _ a1: UnsafePointer<Float>, _ a2: UnsafePointer<Float>,
      _ a3: UnsafePointer<Float>, _ a4: UnsafePointer<Float>, _ a5: UnsafePointer<Float>,
      _ b: UnsafePointer<Float>, _ depth: Int, asking ahead: UnsafePointer<Float>,
      perElement asked: Int
    ) {
      var k = 0
      while k + 4 <= depth {
        for line in 0..<asked { prefetch_line_for_later(ahead + k * asked + line * 16) }
        let until = min(depth, k + 16)
        while k + 4 <= until {
          addFour(a0, a1, a2, a3, a4, a5, b, at: k)
          k += 4
        }
      }
      while k < depth {
        addOne(a0, a1, a2, a3, a4, a5, b, at: k)
        k += 1
      }
    }

    @inline(__always)
    func emit(
      to outputs: UnsafePointer<UnsafeMutablePointer<Float>>, column: Int, _ adds: Bool
    ) {
      c0.emit(to: outputs[0] + column, adds)
      c1.emit(to: outputs[1] + column, adds)
      c2.emit(to: outputs[2] + column, adds)
      c3.emit(to: outputs[3] + column, adds)
      c4.emit(to: outputs[4] + column, adds)
      c5.emit(to: outputs[5] + column, adds)
    }

    @inline(__always)
    func emit(to output: UnsafeMutablePointer<Float>, _ stride: Int, _ adds: Bool) {
      c0.emit(to: output, adds)
      c1.emit(to: output + 1 * stride, adds)
      c2.emit(to: output + 2 * stride, adds)
      c3.emit(to: output + 3 * stride, adds)
      c4.emit(to: output + 4 * stride, adds)
      c5.emit(to: output + 5 * stride, adds)
    }

    @inline(__always)
    mutating func addFour(
      _ a0: UnsafePointer<Float>, _ a1: UnsafePointer<Float>, _ a2: UnsafePointer<Float>,
      _ a3: UnsafePointer<Float>, _ a4: UnsafePointer<Float>, _ a5: UnsafePointer<Float>,
      _ b: UnsafePointer<Float>, at k: Int
    ) {
      addOne(a0, a1, a2, a3, a4, a5, b, at: k)
      addOne(a0, a1, a2, a3, a4, a5, b, at: k + 1)
      addOne(a0, a1, a2, a3, a4, a5, b, at: k + 2)
      addOne(a0, a1, a2, a3, a4, a5, b, at: k + 3)
    }

    @inline(__always)
    mutating func addOne(
      _ a0: UnsafePointer<Float>, _ a1: UnsafePointer<Float>, _ a2: UnsafePointer<Float>,
      _ a3: UnsafePointer<Float>, _ a4: UnsafePointer<Float>, _ a5: UnsafePointer<Float>,
      _ b: UnsafePointer<Float>, at k: Int
    ) {
      add(
        a0[k], a1[k], a2[k], a3[k], a4[k], a5[k],
        FourVectors(b + k * FourVectors.count, Lanes.scalarCount))
    }
  }

  /// Four vectors of one row.
  private struct FourVectors {
    var v0 = Lanes()
    var v1 = Lanes()
    var v2 = Lanes()
    var v3 = Lanes()

    @inline(__always)
    static var count: Int { 4 * Lanes.scalarCount }

    @inline(__always)
    init() {}

    /// - Parameter distance: Floats from one vector to the next.
    @inline(__always)
    init(_ p: UnsafePointer<Float>, _ distance: Int) {
      v0 = Self.load(p)
      v1 = Self.load(p + distance)
      v2 = Self.load(p + 2 * distance)
      v3 = Self.load(p + 3 * distance)
    }

    @inline(__always)
    mutating func add(_ factor: Float, _ columns: FourVectors) {
      let x = Lanes(repeating: factor)
      v0 = v0.addingProduct(x, columns.v0)
      v1 = v1.addingProduct(x, columns.v1)
      v2 = v2.addingProduct(x, columns.v2)
      v3 = v3.addingProduct(x, columns.v3)
    }

    @inline(__always)
    func emit(to output: UnsafeMutablePointer<Float>, _ adds: Bool) {
      Self.emit(v0, to: output, adds)
      Self.emit(v1, to: output + Lanes.scalarCount, adds)
      Self.emit(v2, to: output + 2 * Lanes.scalarCount, adds)
      Self.emit(v3, to: output + 3 * Lanes.scalarCount, adds)
    }

    @inline(__always)
    private static func emit(_ value: Lanes, to output: UnsafeMutablePointer<Float>, _ adds: Bool) {
      UnsafeMutableRawPointer(output).storeBytes(
        of: adds ? load(output) + value : value, as: Lanes.self)
    }

    @inline(__always)
    private static func load(_ p: UnsafePointer<Float>) -> Lanes {
      UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
    }
  }
#endif
