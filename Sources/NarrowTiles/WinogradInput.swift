// Winograd's F(4x4, 3x3) (Lavin and Gray 2016): what goes into the 36 products.

internal import CHints
public import Tiles

extension Kernels {
  public static func transformInput(_ patch: InputPatch, scratch: UnsafeMutablePointer<Float>) {
    let whole = UInt64(1) << 36 - 1
    let isInside = patch.inside == whole
    let p = patch.pixels
    let s = scratch
    let t = patch.pointStride
    var target = patch.target
    for c in stride(from: 0, to: patch.channels, by: lanes) {
      ask(for: patch.upcoming, side: 6, at: c)
      if let normalisation = patch.normalisation {
        let n = Normaliser(normalisation, at: c)
        for j in 0..<6 {
          if isInside {
            first(
              n.apply(load(p[j] + c)), n.apply(load(p[6 + j] + c)), n.apply(load(p[12 + j] + c)),
              n.apply(load(p[18 + j] + c)), n.apply(load(p[24 + j] + c)),
              n.apply(load(p[30 + j] + c)), to: s + j * lanes)
          } else {
            first(
              n.pixel(patch, j, c), n.pixel(patch, 6 + j, c), n.pixel(patch, 12 + j, c),
              n.pixel(patch, 18 + j, c), n.pixel(patch, 24 + j, c), n.pixel(patch, 30 + j, c),
              to: s + j * lanes)
          }
        }
      } else {
        for j in 0..<6 {
          first(
            load(p[j] + c), load(p[6 + j] + c), load(p[12 + j] + c), load(p[18 + j] + c),
            load(p[24 + j] + c), load(p[30 + j] + c), to: s + j * lanes)
        }
      }
      for i in 0..<6 {
        let row = s + i * 6 * lanes
        let r = inputTransform(
          load(row), load(row + lanes), load(row + 2 * lanes), load(row + 3 * lanes),
          load(row + 4 * lanes), load(row + 5 * lanes))
        let q = target + i * 6 * t
        store(r.0, to: q)
        store(r.1, to: q + t)
        store(r.2, to: q + 2 * t)
        store(r.3, to: q + 3 * t)
        store(r.4, to: q + 4 * t)
        store(r.5, to: q + 5 * t)
      }
      target += patch.vectorStride
    }
  }

  public static func transformOutputGradient(
    _ patch: InputPatch, scratch: UnsafeMutablePointer<Float>
  ) {
    let p = patch.pixels
    let t = patch.pointStride
    var target = patch.target
    for c in stride(from: 0, to: patch.channels, by: lanes) {
      ask(for: patch.upcoming, side: 4, at: c)
      for j in 0..<4 {
        let r = gradientTransform(
          load(p[j] + c), load(p[4 + j] + c), load(p[8 + j] + c), load(p[12 + j] + c))
        keep(r, at: scratch + j * lanes, stride: 4 * lanes)
      }
      for i in 0..<6 {
        let row = scratch + i * 4 * lanes
        let r = gradientTransform(
          load(row), load(row + lanes), load(row + 2 * lanes), load(row + 3 * lanes))
        keep(r, at: target + i * 6 * t, stride: t)
      }
      target += patch.vectorStride
    }
  }
}

/// Asks for one line of each pixel that is new: a few at a time, since many at once keep loads waiting.
@inline(__always)
private func ask(for upcoming: UpcomingPixels?, side: Int, at c: Int) {
  guard let upcoming, c & 15 == 0 else { return }
  for i in 0..<side {
    for j in upcoming.firstColumn..<side {
      prefetch_line_for_later(upcoming.pixels[i * side + j] + c)
    }
  }
}

/// A normalisation's constants for one vector of channels.
private struct Normaliser {
  let centre: Lanes
  let scale: Lanes
  let shift: Lanes
  let rectifies: Bool

  @inline(__always)
  init(_ normalisation: LazyNormalisation, at c: Int) {
    centre = load(normalisation.centre + c)
    scale = load(normalisation.scale + c)
    shift = load(normalisation.shift + c)
    rectifies = normalisation.rectifies
  }

  @inline(__always)
  func apply(_ x: Lanes) -> Lanes {
    let y = shift + (x - centre) * scale
    return rectifies ? rectify(y) : y
  }

  /// Zero outside the image, whatever a zero would be normalised to.
  @inline(__always)
  func pixel(_ patch: InputPatch, _ i: Int, _ c: Int) -> Lanes {
    patch.inside >> UInt64(i) & 1 == 1 ? apply(load(patch.pixels[i] + c)) : Lanes()
  }
}

@inline(__always)
private func first(
  _ d0: Lanes, _ d1: Lanes, _ d2: Lanes, _ d3: Lanes, _ d4: Lanes, _ d5: Lanes,
  to target: UnsafeMutablePointer<Float>
) {
  keep(
    inputTransform(d0, d1, d2, d3, d4, d5), at: target, stride: 6 * Lanes.scalarCount)
}

private typealias Six = (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)

/// `Bᵀ d`.
@inline(__always)
private func inputTransform(
  _ d0: Lanes, _ d1: Lanes, _ d2: Lanes, _ d3: Lanes, _ d4: Lanes, _ d5: Lanes
) -> Six {
  let a = times(-4, d2, plus: d4)
  let b = times(-4, d1, plus: d3)
  let c = d4 - d2
  let e = d3 - d1
  return (
    times(4, d0, plus: d4 + d2 * -5), a + b, a - b, times(2, e, plus: c),
    times(-2, e, plus: c), times(4, d1, plus: d5 + d3 * -5)
  )
}

/// `A g`.
@inline(__always)
private func gradientTransform(_ g0: Lanes, _ g1: Lanes, _ g2: Lanes, _ g3: Lanes) -> Six {
  let even = g0 + g2
  let odd = g1 + g3
  let wideEven = times(4, g2, plus: g0)
  let wideOdd = times(4, g3, plus: g1)
  return (
    g0, even + odd, even - odd, times(2, wideOdd, plus: wideEven),
    times(-2, wideOdd, plus: wideEven), g3
  )
}

@inline(__always)
private func keep(_ values: Six, at target: UnsafeMutablePointer<Float>, stride: Int) {
  store(values.0, to: target)
  store(values.1, to: target + stride)
  store(values.2, to: target + 2 * stride)
  store(values.3, to: target + 3 * stride)
  store(values.4, to: target + 4 * stride)
  store(values.5, to: target + 5 * stride)
}

/// With a factor that is a power of two, so that a product and a sum would give the same.
@inline(__always)
private func times(_ factor: Float, _ x: Lanes, plus y: Lanes) -> Lanes {
  multiply_add(x, Lanes(repeating: factor), y)
}

@inline(__always)
private func load(_ p: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}

@inline(__always)
private func store(_ value: Lanes, to p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
}
