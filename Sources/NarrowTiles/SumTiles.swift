// Sums over pixels or tiles of one value times another: the products of weight gradients.

internal import CHints
public import Tiles

extension Kernels {
  #if WIDE
    public static func sumVectors(of vectors: Int) -> Int {
      vectors >= 4 ? 4 : min(2, vectors)
    }

    /// Six rows by four vectors take ten loads for twenty-four products, eight by two for sixteen.
    /// Channels are most often a multiple of sixteen, which sixes and a few fours make up exactly.
    public static func sumHeight(vectors: Int, of values: Int) -> Int {
      guard vectors == 4 else { return 8 }
      return values <= 4 || values % 6 == 2 || values % 6 == 4 ? 4 : 6
    }
  #else
    public static func sumVectors(of vectors: Int) -> Int { min(2, vectors) }

    /// Four rows by two vectors take half of the sixteen registers, and are enough to hide the
    /// latency of fused multiply-adds.
    public static func sumHeight(vectors: Int, of values: Int) -> Int { vectors == 2 ? 4 : 8 }
  #endif

  public static func sum(
    _ pairs: UnsafePointer<UnsafePointer<Float>>, _ right: UnsafePointer<Float>, count: Int,
    distance: Int, vectors: Int, height: Int,
    outputs: UnsafePointer<UnsafeMutablePointer<Float>>, adds: Bool, upcoming: UpcomingCopies?
  ) {
    var asked = AskedLines(upcoming, turns: (count + pixelsPerTurn - 1) / pixelsPerTurn)
    #if WIDE
      switch (vectors, height) {
      case (4, 6): sumTile6x4(pairs, right, count, distance, outputs, adds, &asked)
      case (4, _): sumTile4x4(pairs, right, count, distance, outputs, adds, &asked)
      case (2, _): sumTile8x2(pairs, right, count, distance, outputs, adds, &asked)
      default: sumTile8x1(pairs, right, count, outputs, adds, &asked)
      }
    #else
      if vectors == 2 {
        sumTile4x2(pairs, right, count, distance, outputs, adds, &asked)
      } else {
        sumTile8x1(pairs, right, count, outputs, adds, &asked)
      }
    #endif
  }
}

/// Pixels that are summed between two turns of asking.
let pixelsPerTurn = 16

/// The lines that a tile asks for, a few in each turn: many at once keep loads waiting.
struct AskedLines {
  private let upcoming: UpcomingCopies?
  private let perTurn: Int
  private var pixel = 0
  private var place = 0

  init(_ upcoming: UpcomingCopies?, turns: Int) {
    self.upcoming = upcoming
    perTurn =
      upcoming.map { ($0.count * (($0.channels + 15) / 16) + turns - 1) / max(1, turns) } ?? 0
  }

  @inline(__always)
  mutating func ask() {
    guard let upcoming else { return }
    for _ in 0..<perTurn where pixel < upcoming.count {
      prefetch_line_for_later(upcoming.pixels[pixel] + upcoming.offset + place)
      place += 16
      if place >= upcoming.channels {
        place = 0
        pixel += 1
      }
    }
  }
}

#if WIDE
  /// Eight values times two vectors.
  @inline(__always)
  private func sumTile8x2(
    _ pairs: UnsafePointer<UnsafePointer<Float>>, _ right: UnsafePointer<Float>,
    _ count: Int, _ distance: Int, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>,
    _ adds: Bool, _ asked: inout AskedLines
  ) {
    let (p0, p1, p2, p3) = (pairs[0], pairs[1], pairs[2], pairs[3])
    var c0l = Lanes()
    var c0h = Lanes()
    var c1l = Lanes()
    var c1h = Lanes()
    var c2l = Lanes()
    var c2h = Lanes()
    var c3l = Lanes()
    var c3h = Lanes()
    var c4l = Lanes()
    var c4h = Lanes()
    var c5l = Lanes()
    var c5h = Lanes()
    var c6l = Lanes()
    var c6h = Lanes()
    var c7l = Lanes()
    var c7h = Lanes()
    let end = count * Lanes.scalarCount
    var i = 0
    while i < end {
      asked.ask()
      let until = min(end, i + pixelsPerTurn * Lanes.scalarCount)
      repeat {
        let b0 = load(right + i)
        let b1 = load(right + distance + i)
        var x = Lanes(repeating: p0[i])
        c0l = c0l.addingProduct(x, b0)
        c0h = c0h.addingProduct(x, b1)
        x = Lanes(repeating: p0[i + 1])
        c1l = c1l.addingProduct(x, b0)
        c1h = c1h.addingProduct(x, b1)
        x = Lanes(repeating: p1[i])
        c2l = c2l.addingProduct(x, b0)
        c2h = c2h.addingProduct(x, b1)
        x = Lanes(repeating: p1[i + 1])
        c3l = c3l.addingProduct(x, b0)
        c3h = c3h.addingProduct(x, b1)
        x = Lanes(repeating: p2[i])
        c4l = c4l.addingProduct(x, b0)
        c4h = c4h.addingProduct(x, b1)
        x = Lanes(repeating: p2[i + 1])
        c5l = c5l.addingProduct(x, b0)
        c5h = c5h.addingProduct(x, b1)
        x = Lanes(repeating: p3[i])
        c6l = c6l.addingProduct(x, b0)
        c6h = c6h.addingProduct(x, b1)
        x = Lanes(repeating: p3[i + 1])
        c7l = c7l.addingProduct(x, b0)
        c7h = c7h.addingProduct(x, b1)
        i = kept_as_one_index(i + Lanes.scalarCount)
      } while i < until
    }
    emit(c0l, c0h, to: outputs[0], adds)
    emit(c1l, c1h, to: outputs[1], adds)
    emit(c2l, c2h, to: outputs[2], adds)
    emit(c3l, c3h, to: outputs[3], adds)
    emit(c4l, c4h, to: outputs[4], adds)
    emit(c5l, c5h, to: outputs[5], adds)
    emit(c6l, c6h, to: outputs[6], adds)
    emit(c7l, c7h, to: outputs[7], adds)
  }
#else
  /// Four values times two vectors.
  @inline(__always)
  private func sumTile4x2(
    _ pairs: UnsafePointer<UnsafePointer<Float>>, _ right: UnsafePointer<Float>,
    _ count: Int, _ distance: Int, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>,
    _ adds: Bool, _ asked: inout AskedLines
  ) {
    let (p0, p1) = (pairs[0], pairs[1])
    var c0l = Lanes()
    var c0h = Lanes()
    var c1l = Lanes()
    var c1h = Lanes()
    var c2l = Lanes()
    var c2h = Lanes()
    var c3l = Lanes()
    var c3h = Lanes()
    let end = count * Lanes.scalarCount
    var i = 0
    while i < end {
      asked.ask()
      let until = min(end, i + pixelsPerTurn * Lanes.scalarCount)
      repeat {
        let b0 = load(right + i)
        let b1 = load(right + distance + i)
        var x = Lanes(repeating: p0[i])
        c0l = c0l.addingProduct(x, b0)
        c0h = c0h.addingProduct(x, b1)
        x = Lanes(repeating: p0[i + 1])
        c1l = c1l.addingProduct(x, b0)
        c1h = c1h.addingProduct(x, b1)
        x = Lanes(repeating: p1[i])
        c2l = c2l.addingProduct(x, b0)
        c2h = c2h.addingProduct(x, b1)
        x = Lanes(repeating: p1[i + 1])
        c3l = c3l.addingProduct(x, b0)
        c3h = c3h.addingProduct(x, b1)
        i = kept_as_one_index(i + Lanes.scalarCount)
      } while i < until
    }
    emit(c0l, c0h, to: outputs[0], adds)
    emit(c1l, c1h, to: outputs[1], adds)
    emit(c2l, c2h, to: outputs[2], adds)
    emit(c3l, c3h, to: outputs[3], adds)
  }
#endif

/// Eight values times one vector.
@inline(__always)
private func sumTile8x1(
  _ pairs: UnsafePointer<UnsafePointer<Float>>, _ right: UnsafePointer<Float>,
  _ count: Int, _ outputs: UnsafePointer<UnsafeMutablePointer<Float>>, _ adds: Bool,
  _ asked: inout AskedLines
) {
  let (p0, p1, p2, p3) = (pairs[0], pairs[1], pairs[2], pairs[3])
  var c0 = Lanes()
  var c1 = Lanes()
  var c2 = Lanes()
  var c3 = Lanes()
  var c4 = Lanes()
  var c5 = Lanes()
  var c6 = Lanes()
  var c7 = Lanes()
  let end = count * Lanes.scalarCount
  var i = 0
  while i < end {
    asked.ask()
    let until = min(end, i + pixelsPerTurn * Lanes.scalarCount)
    repeat {
      let b0 = load(right + i)
      c0 = c0.addingProduct(Lanes(repeating: p0[i]), b0)
      c1 = c1.addingProduct(Lanes(repeating: p0[i + 1]), b0)
      c2 = c2.addingProduct(Lanes(repeating: p1[i]), b0)
      c3 = c3.addingProduct(Lanes(repeating: p1[i + 1]), b0)
      c4 = c4.addingProduct(Lanes(repeating: p2[i]), b0)
      c5 = c5.addingProduct(Lanes(repeating: p2[i + 1]), b0)
      c6 = c6.addingProduct(Lanes(repeating: p3[i]), b0)
      c7 = c7.addingProduct(Lanes(repeating: p3[i + 1]), b0)
      i = kept_as_one_index(i + Lanes.scalarCount)
    } while i < until
  }
  emit(c0, to: outputs[0], adds)
  emit(c1, to: outputs[1], adds)
  emit(c2, to: outputs[2], adds)
  emit(c3, to: outputs[3], adds)
  emit(c4, to: outputs[4], adds)
  emit(c5, to: outputs[5], adds)
  emit(c6, to: outputs[6], adds)
  emit(c7, to: outputs[7], adds)
}

@inline(__always)
private func emit(
  _ low: Lanes, _ high: Lanes, to output: UnsafeMutablePointer<Float>, _ adds: Bool
) {
  emit(low, to: output, adds)
  emit(high, to: output + Lanes.scalarCount, adds)
}

@inline(__always)
private func emit(_ value: Lanes, to output: UnsafeMutablePointer<Float>, _ adds: Bool) {
  UnsafeMutableRawPointer(output).storeBytes(
    of: adds ? load(output) + value : value, as: Lanes.self)
}

// Its own copy: a debug build compiles file by file and would call another file's.
@inline(__always)
private func load(_ p: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}
