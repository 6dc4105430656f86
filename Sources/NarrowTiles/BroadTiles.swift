// Six rows by four vectors: for the thirty-two registers of AVX-512. An element of depth takes ten
// loads for its twenty-four products, where twelve rows by two vectors take fourteen. Alone on its
// core either keeps the multipliers busy; with a neighbour on the same core, as on shared machines,
// loads and instructions become scarce: this one, four elements to a round, is a fifth faster there.
// The compiler is to know nothing of the indices that rounds advance by (`index_behind`,
// `kept_as_one_index`): where it sees that addresses of several rounds share a base it loads them all
// at once, and stores sums meanwhile.

internal import CHints
internal import Tiles

#if WIDE
  extension Kernels {
    /// Floats that a gathered tile asks for with each element of depth, a line with four: sixteen
    /// tiles, as many as a chunk of rows has, ask for a whole block of a panel.
    static var askedPerElement: Int { 4 }
  }

  /// Tiles of six gathered rows and four vectors of columns, one below the other.
  ///
  /// - Parameters:
  ///   - rows: Of the first tile; the next one's are `rowStride` pointers on.
  ///   - upcoming: What is asked for meanwhile.
  func gatheredTiles6x4(
    count: Int, rows: UnsafePointer<UnsafePointer<Float>>, rowStride: Int, block: DepthBlock,
    b: UnsafePointer<Float>, start: TileStart, to target: TileRows, upcoming: UpcomingBlock?
  ) {
    // Nothing new is asked for where nothing comes: the panel is here already.
    var ahead = upcoming?.panel ?? b
    let asked = upcoming == nil ? 0 : block.depth * Kernels.askedPerElement
    let lines = upcoming?.rows.map(linesToAsk) ?? 0..<0
    let nextRows = rows + (upcoming?.rows?.tap ?? 0) * 6
    let nextOffset = upcoming?.rows?.offset ?? 0
    let (offset, depth) = (block.offset, block.depth)
    let rows = rows + block.tap * 6
    let whole = depth & ~3
    let addends = start.rows
    // What comes from farther away: the sums so far, or where they go.
    let far = target.isNear ? addends ?? target : target
    var bias: UnsafePointer<Float>?
    if case .columns(let columns) = start { bias = columns }
    for tile in 0..<count {
      for line in lines {
        for r in 0..<6 {
          prefetch_line_for_later(nextRows[tile * rowStride + r] + nextOffset + line * 16)
        }
      }
      var sums = SixSums()
      if let bias { sums = SixSums(FourVectors(bias, Lanes.scalarCount)) }
      var tap = rows + tile * rowStride
      let end = tap + block.taps * 6
      var b = b
      var line = 0
      repeat {
        let (a0, a1, a2) = (tap[0] + offset, tap[1] + offset, tap[2] + offset)
        let (a3, a4, a5) = (tap[3] + offset, tap[4] + offset, tap[5] + offset)
        var k = 0
        while k < whole {
          // A line of each row, so that at the end they do not all come at once.
          if k & 15 == 0, line < 4 {
            for r in 0..<6 { prefetch_line(far[tile * 6 + r] + line * 16) }
            line += 1
          }
          prefetch_line_for_later(ahead + k * Kernels.askedPerElement)
          sums.addFour(a0, a1, a2, a3, a4, a5, &b, &k)
        }
        while k < depth { sums.addNext(a0, a1, a2, a3, a4, a5, &b, &k) }
        ahead += asked
        tap += 6
      } while tap < end
      sums.emit(to: target.from(tile * 6), adding: addends?.from(tile * 6))
    }
  }

  /// Of the first four lines of the next block's rows, those that a panel's call asks for.
  private func linesToAsk(_ rows: UpcomingRows) -> Range<Int> {
    rows.part * 4 / rows.parts..<(rows.part + 1) * 4 / rows.parts
  }

  /// Tiles of six rows and four vectors of columns, one below the other.
  ///
  /// - Parameters:
  ///   - nextRows: Asked for meanwhile, eight floats with each element of depth, since they lie a
  ///     little apart.
  ///   - nextPanel: Asked for too, a part by each tile.
  func plainTiles6x4(
    count: Int, a: UnsafePointer<Float>, stride: Int, depth: Int, b: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, outputStride: Int, adds: Bool,
    nextRows: UnsafePointer<Float>?, nextPanel: UnsafePointer<Float>?
  ) {
    // Lines of the panel for each sixteen elements of depth.
    let share = (64 + count - 1) / count
    var nextPanel = nextPanel
    for tile in 0..<count {
      let a0 = a + 6 * tile * stride
      let (a1, a2, a3, a4, a5) = (
        a0 + stride, a0 + 2 * stride, a0 + 3 * stride, a0 + 4 * stride, a0 + 5 * stride
      )
      let output = output + 6 * tile * outputStride
      let nextRows = nextRows.map { $0 + 6 * tile * stride }
      var sums = SixSums()
      var b = b
      var k = 0
      let whole = depth & ~3
      while k < whole {
        if k & 15 == 0 {
          if let nextRows {
            for line in 0..<8 { prefetch_line_for_later(nextRows + k * 8 + line * 16) }
          }
          if let panel = nextPanel {
            for line in 0..<share { prefetch_line_for_later(panel + line * 16) }
            nextPanel = panel + share * 16
          }
        }
        sums.addFour(a0, a1, a2, a3, a4, a5, &b, &k)
      }
      while k < depth { sums.addNext(a0, a1, a2, a3, a4, a5, &b, &k) }
      sums.emit(to: output, outputStride, adds)
    }
  }

  /// Six values of each pixel times four vectors.
  func sumTile6x4(
    _ pairs: UnsafePointer<UnsafePointer<Float>>, _ right: UnsafePointer<Float>,
    _ count: Int, _ distance: Int, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>,
    _ adds: Bool, _ asked: inout AskedLines
  ) {
    let (p0, p1, p2) = (pairs[0], pairs[1], pairs[2])
    var sums = SixSums()
    let end = count * Lanes.scalarCount
    var i = 0
    var row = 0
    while i < end {
      asked.ask()
      // A row of the output, so that at the end they do not all come at once.
      if row < 6 {
        for line in 0..<4 { prefetch_line(outputs[row] + line * 16) }
        row += 1
      }
      let until = min(end, i + pixelsPerTurn * Lanes.scalarCount)
      repeat {
        sums.addPixel(p0, p1, p2, right, distance, at: i)
        i = kept_as_one_index(i + Lanes.scalarCount)
      } while i < until
    }
    let target = TileRows(outputs, column: 0)
    sums.emit(to: target, adding: adds ? target : nil)
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
    let end = count * Lanes.scalarCount
    var i = 0
    while i < end {
      asked.ask()
      let until = min(end, i + pixelsPerTurn * Lanes.scalarCount)
      repeat {
        let columns = FourVectors(right + i, distance)
        c0.add(p0[i], columns)
        c1.add(p0[i + 1], columns)
        c2.add(p1[i], columns)
        c3.add(p1[i + 1], columns)
        i = kept_as_one_index(i + Lanes.scalarCount)
      } while i < until
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

    /// - Parameter addends: What the sums are added to; nil if they are the first.
    @inline(__always)
    func emit(to target: TileRows, adding addends: TileRows?) {
      if let addends {
        c0.adding(addends[0]).emit(to: target[0])
        c1.adding(addends[1]).emit(to: target[1])
        c2.adding(addends[2]).emit(to: target[2])
        c3.adding(addends[3]).emit(to: target[3])
        c4.adding(addends[4]).emit(to: target[4])
        c5.adding(addends[5]).emit(to: target[5])
      } else {
        c0.emit(to: target[0])
        c1.emit(to: target[1])
        c2.emit(to: target[2])
        c3.emit(to: target[3])
        c4.emit(to: target[4])
        c5.emit(to: target[5])
      }
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

    /// Adds the products of four elements of six rows and a panel, in order.
    @inline(__always)
    mutating func addFour(
      _ a0: UnsafePointer<Float>, _ a1: UnsafePointer<Float>, _ a2: UnsafePointer<Float>,
      _ a3: UnsafePointer<Float>, _ a4: UnsafePointer<Float>, _ a5: UnsafePointer<Float>,
      _ b: inout UnsafePointer<Float>, _ k: inout Int
    ) {
      addElement(0, a0, a1, a2, a3, a4, a5, b, k)
      b = pointer_behind(c5.v3, b)
      k = index_behind(c5.v3, k)
      addElement(1, a0, a1, a2, a3, a4, a5, b, k)
      b = pointer_behind(c5.v3, b)
      k = index_behind(c5.v3, k)
      addElement(2, a0, a1, a2, a3, a4, a5, b, k)
      b = pointer_behind(c5.v3, b)
      k = index_behind(c5.v3, k)
      addElement(3, a0, a1, a2, a3, a4, a5, b, k)
      b = pointer_behind(c5.v3, b)
      k = index_behind(c5.v3, k)
      b += 4 * FourVectors.count
      k += 4
    }

    /// Adds those of one element.
    @inline(__always)
    mutating func addNext(
      _ a0: UnsafePointer<Float>, _ a1: UnsafePointer<Float>, _ a2: UnsafePointer<Float>,
      _ a3: UnsafePointer<Float>, _ a4: UnsafePointer<Float>, _ a5: UnsafePointer<Float>,
      _ b: inout UnsafePointer<Float>, _ k: inout Int
    ) {
      addElement(0, a0, a1, a2, a3, a4, a5, b, k)
      b = kept_as_one_pointer(b + FourVectors.count)
      k = kept_as_one_index(k + 1)
    }

    /// Adds those of the element `i` places on.
    @inline(__always)
    mutating func addElement(
      _ i: Int, _ a0: UnsafePointer<Float>, _ a1: UnsafePointer<Float>, _ a2: UnsafePointer<Float>,
      _ a3: UnsafePointer<Float>, _ a4: UnsafePointer<Float>, _ a5: UnsafePointer<Float>,
      _ b: UnsafePointer<Float>, _ k: Int
    ) {
      add(
        a0[k + i], a1[k + i], a2[k + i], a3[k + i], a4[k + i], a5[k + i],
        FourVectors(b + i * FourVectors.count, Lanes.scalarCount))
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
      if adds { adding(output).emit(to: output) } else { emit(to: output) }
    }

    @inline(__always)
    func adding(_ p: UnsafePointer<Float>) -> FourVectors {
      var sums = FourVectors(p, Lanes.scalarCount)
      sums.v0 += v0
      sums.v1 += v1
      sums.v2 += v2
      sums.v3 += v3
      return sums
    }

    @inline(__always)
    func emit(to output: UnsafeMutablePointer<Float>) {
      let target = UnsafeMutableRawPointer(output)
      let vector = MemoryLayout<Lanes>.size
      target.storeBytes(of: v0, as: Lanes.self)
      target.storeBytes(of: v1, toByteOffset: vector, as: Lanes.self)
      target.storeBytes(of: v2, toByteOffset: 2 * vector, as: Lanes.self)
      target.storeBytes(of: v3, toByteOffset: 3 * vector, as: Lanes.self)
    }

    @inline(__always)
    private static func load(_ p: UnsafePointer<Float>) -> Lanes {
      UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
    }
  }
#endif
