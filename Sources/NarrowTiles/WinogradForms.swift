// Winograd's F(4x4, 3x3) and F(6x6, 3x3) (Lavin and Gray 2016), one line of a patch at a time.

internal import CHints
internal import Tiles

/// The transforms of one line: `Bᵀ d`, `A g`, `Aᵀ m`, `G w` and `Gᵀ s`.
///
/// Each reads all its values before it hands out the first, so that they may be replaced.
protocol WinogradForm: InputTransform {
  static var tile: WinogradTile { get }

  /// From the pixels of an output's gradient to its values at the points.
  static func gradient(_ g: (Int) -> Lanes, to emit: (Int, Lanes) -> Void)
  /// From products at the points to the pixels of an output.
  static func output(_ m: (Int) -> Lanes, to emit: (Int, Lanes) -> Void)
  /// From products at the points to sums of two pixels of an output, where the point -1 cancels.
  static func halvedOutput(_ m: (Int) -> Lanes, to emit: (Int, Lanes) -> Void)
  /// From three weights to their values at the points.
  static func weight(_ w: (Int) -> Lanes, to emit: (Int, Lanes) -> Void)
  /// From sums of products at the points to three weights' gradients.
  static func weightSum(_ s: (Int) -> Lanes, to emit: (Int, Lanes) -> Void)
}

extension WinogradForm {
  static var side: Int { tile.side }
  static var patch: Int { tile.patch }
  static var pixels: Int { patch }
  static var omitted: Int? { nil }
}

/// The transform of a line of an input, `Bᵀ d`.
protocol InputTransform {
  /// Points of a line.
  static var patch: Int { get }
  /// Pixels that it is made from.
  static var pixels: Int { get }
  /// A point that gets no value.
  static var omitted: Int? { get }

  /// From the pixels to the values at the points.
  static func input(_ d: (Int) -> Lanes, to emit: (Int, Lanes) -> Void)
}

/// The transform of a line whose pixels come in pairs, the first and the last but for their neighbours.
enum PairedInput<Form: WinogradForm>: InputTransform {
  static var patch: Int { Form.patch }
  static var pixels: Int { Form.tile.doubledPatch }
  static var omitted: Int? { WinogradTile.minusOne }

  @inline(__always)
  static func input(_ d: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    Form.input(
      { d(($0 + 1) / 2) },
      to: { if $0 != WinogradTile.minusOne { emit($0, $1) } })
  }
}

/// F(4x4, 3x3) at the points 0, 1, -1, 2, -2 and infinity.
enum TileOfFour: WinogradForm {
  static var tile: WinogradTile { .four }

  @inline(__always)
  static func input(_ d: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (d0, d1, d2, d3, d4, d5) = (d(0), d(1), d(2), d(3), d(4), d(5))
    let a = times(-4, d2, plus: d4)
    let b = times(-4, d1, plus: d3)
    let c = d4 - d2
    let e = d3 - d1
    emit(0, times(4, d0, plus: d4 + d2 * -5))
    emit(1, a + b)
    emit(2, a - b)
    emit(3, times(2, e, plus: c))
    emit(4, times(-2, e, plus: c))
    emit(5, times(4, d1, plus: d5 + d3 * -5))
  }

  @inline(__always)
  static func gradient(_ g: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (g0, g1, g2, g3) = (g(0), g(1), g(2), g(3))
    let even = g0 + g2
    let odd = g1 + g3
    let wideEven = times(4, g2, plus: g0)
    let wideOdd = times(4, g3, plus: g1)
    emit(0, g0)
    emit(1, even + odd)
    emit(2, even - odd)
    emit(3, times(2, wideOdd, plus: wideEven))
    emit(4, times(-2, wideOdd, plus: wideEven))
    emit(5, g3)
  }

  @inline(__always)
  static func output(_ m: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (m0, m1, m2, m3, m4, m5) = (m(0), m(1), m(2), m(3), m(4), m(5))
    let a = m1 + m2
    let b = m1 - m2
    let c = m3 + m4
    let d = m3 - m4
    emit(0, m0 + a + c)
    emit(1, times(2, d, plus: b))
    emit(2, times(4, c, plus: a))
    emit(3, times(8, d, plus: b) + m5)
  }

  @inline(__always)
  static func halvedOutput(_ m: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (m0, m1, m3, m4, m5) = (m(0), m(1), m(3), m(4), m(5))
    let a = m1 + m1
    let b = times(3, m3, plus: -m4)
    emit(0, m0 + (a + b))
    emit(1, times(4, b, plus: a) + m5)
  }

  @inline(__always)
  static func weight(_ w: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (w0, w1, w2) = (w(0), w(1), w(2))
    let even = w0 + w2
    let wide = times(4, w2, plus: w0)
    let sixth = Lanes(repeating: -1 / 6)
    let twentyFourth = Lanes(repeating: 1 / 24)
    emit(0, w0 * Lanes(repeating: 0.25))
    emit(1, (even + w1) * sixth)
    emit(2, (even - w1) * sixth)
    emit(3, times(2, w1, plus: wide) * twentyFourth)
    emit(4, times(-2, w1, plus: wide) * twentyFourth)
    emit(5, w2)
  }

  @inline(__always)
  static func weightSum(_ s: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (s0, s1, s2, s3, s4, s5) = (s(0), s(1), s(2), s(3), s(4), s(5))
    let a = s1 + s2
    let b = s2 - s1
    let c = s3 + s4
    let d = s3 - s4
    let sixth = Lanes(repeating: 1 / 6)
    emit(0, times(0.25, s0, plus: (times(0.25, c, plus: -a)) * sixth))
    emit(1, times(0.5, d, plus: b) * sixth)
    emit(2, (c - a) * sixth + s5)
  }
}

/// F(6x6, 3x3) at the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity.
enum TileOfSix: WinogradForm {
  static var tile: WinogradTile { .six }

  @inline(__always)
  static func input(_ d: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (d0, d1, d2, d3) = (d(0), d(1), d(2), d(3))
    let (d4, d5, d6, d7) = (d(4), d(5), d(6), d(7))
    emit(0, times(5.25, d4 - d2, plus: d0 - d6))
    let a = times(-4.25, d4, plus: d2 + d6)
    let b = times(-4.25, d3, plus: d1 + d5)
    emit(1, a + b)
    emit(2, a - b)
    let c = times(0.25, d2, plus: times(-1.25, d4, plus: d6))
    let e = times(4, d5, plus: times(-5, d3, plus: d1))
    emit(3, times(0.5, e, plus: c))
    emit(4, times(-0.5, e, plus: c))
    let f = times(4, d2, plus: times(-5, d4, plus: d6))
    let g = times(4, d1, plus: times(-5, d3, plus: d5))
    emit(5, times(0.5, g, plus: f))
    emit(6, times(-0.5, g, plus: f))
    emit(7, times(5.25, d3 - d5, plus: d7 - d1))
  }

  @inline(__always)
  static func gradient(_ g: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (g0, g1, g2, g3, g4, g5) = (g(0), g(1), g(2), g(3), g(4), g(5))
    emit(0, g0)
    let even = g0 + g2 + g4
    let odd = g1 + g3 + g5
    emit(1, even + odd)
    emit(2, even - odd)
    let wideEven = times(4, times(4, g4, plus: g2), plus: g0)
    let wideOdd = times(4, times(4, g5, plus: g3), plus: g1)
    emit(3, times(2, wideOdd, plus: wideEven))
    emit(4, times(-2, wideOdd, plus: wideEven))
    let closeEven = times(0.25, times(0.25, g4, plus: g2), plus: g0)
    let closeOdd = times(0.25, times(0.25, g5, plus: g3), plus: g1)
    emit(5, times(0.5, closeOdd, plus: closeEven))
    emit(6, times(-0.5, closeOdd, plus: closeEven))
    emit(7, g5)
  }

  @inline(__always)
  static func output(_ m: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (m0, m1, m2, m3) = (m(0), m(1), m(2), m(3))
    let (m4, m5, m6, m7) = (m(4), m(5), m(6), m(7))
    let a = m1 + m2
    let b = m1 - m2
    let c = m3 + m4
    let d = m3 - m4
    let e = m5 + m6
    let f = m5 - m6
    emit(0, (m0 + a) + (c + e))
    emit(1, times(2, d, plus: times(0.5, f, plus: b)))
    emit(2, times(4, c, plus: times(0.25, e, plus: a)))
    emit(3, times(8, d, plus: times(0.125, f, plus: b)))
    emit(4, times(16, c, plus: times(0.0625, e, plus: a)))
    emit(5, times(32, d, plus: times(0.03125, f, plus: b)) + m7)
  }

  @inline(__always)
  static func halvedOutput(_ m: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (m0, m1, m3, m4) = (m(0), m(1), m(3), m(4))
    let (m5, m6, m7) = (m(5), m(6), m(7))
    let a = m1 + m1
    let b = times(3, m3, plus: -m4)
    let c = times(3, m5, plus: m6)
    emit(0, m0 + times(0.5, c, plus: a + b))
    emit(1, times(4, b, plus: times(0.125, c, plus: a)))
    emit(2, times(16, b, plus: times(0.03125, c, plus: a)) + m7)
  }

  @inline(__always)
  static func weight(_ w: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (w0, w1, w2) = (w(0), w(1), w(2))
    let even = w0 + w2
    let wide = times(4, w2, plus: w0)
    let close = times(4, w0, plus: w2)
    let ninths = Lanes(repeating: -2 / 9)
    let ninetieth = Lanes(repeating: 1 / 90)
    let fortyFifths = Lanes(repeating: 8 / 45)
    emit(0, w0)
    emit(1, (even + w1) * ninths)
    emit(2, (even - w1) * ninths)
    emit(3, times(2, w1, plus: wide) * ninetieth)
    emit(4, times(-2, w1, plus: wide) * ninetieth)
    emit(5, times(2, w1, plus: close) * fortyFifths)
    emit(6, times(-2, w1, plus: close) * fortyFifths)
    emit(7, w2)
  }

  @inline(__always)
  static func weightSum(_ s: (Int) -> Lanes, to emit: (Int, Lanes) -> Void) {
    let (s0, s1, s2, s3) = (s(0), s(1), s(2), s(3))
    let (s4, s5, s6, s7) = (s(4), s(5), s(6), s(7))
    let ninths = Lanes(repeating: -2 / 9)
    let ninetieth = Lanes(repeating: 1 / 90)
    let fortyFifths = Lanes(repeating: 8 / 45)
    // Sums and differences at points of the same distance, with the weights' factors.
    let a = (s1 + s2) * ninths
    let b = (s1 - s2) * ninths
    let c = (s3 + s4) * ninetieth
    let d = (s3 - s4) * ninetieth
    let e = (s5 + s6) * fortyFifths
    let f = (s5 - s6) * fortyFifths
    emit(0, times(4, e, plus: a + c) + s0)
    emit(1, times(2, d + f, plus: b))
    emit(2, times(4, c, plus: a + e) + s7)
  }
}

@inline(__always)
private func times(_ factor: Float, _ x: Lanes, plus y: Lanes) -> Lanes {
  multiply_add(x, Lanes(repeating: factor), y)
}
