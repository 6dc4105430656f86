// Winograd's F(4x4, 3x3) (Lavin and Gray 2016): what comes out of the 36 products.

internal import CHints
public import Tiles

extension Kernels {
  public static func transformOutput(_ patch: OutputPatch, scratch: UnsafeMutablePointer<Float>) {
    let t = patch.pointStride
    for c in stride(from: 0, to: patch.channels, by: lanes) {
      for j in 0..<6 {
        let q = patch.source + j * t + c
        let r = outputTransform(
          load(q), load(q + 6 * t), load(q + 12 * t), load(q + 18 * t), load(q + 24 * t),
          load(q + 30 * t))
        keep(r, at: scratch + j * lanes, stride: 6 * lanes)
      }
      if patch.halves {
        writeHalved(patch, c, scratch)
      } else {
        writeRows(patch, c, scratch)
      }
    }
  }

  @inline(__always)
  private static func writeRows(
    _ patch: OutputPatch, _ c: Int, _ scratch: UnsafeMutablePointer<Float>
  ) {
    var finish = Finish(patch, at: c)
    for i in 0..<patch.rows {
      let values = row(scratch, i)
      let place = i * patch.rowStride + c
      finish.emit(values.0, patch, place)
      if patch.columns > 1 { finish.emit(values.1, patch, place + patch.pixelStride) }
      if patch.columns > 2 { finish.emit(values.2, patch, place + 2 * patch.pixelStride) }
      if patch.columns > 3 { finish.emit(values.3, patch, place + 3 * patch.pixelStride) }
    }
    finish.save(patch, at: c)
  }

  @inline(__always)
  private static func writeHalved(
    _ patch: OutputPatch, _ c: Int, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let count = min(lanes, patch.channels - c)
    for i in 0..<patch.rows / 2 {
      let upper = row(scratch, 2 * i)
      let lower = row(scratch, 2 * i + 1)
      for j in 0..<patch.columns / 2 {
        var value =
          j == 0
          ? (upper.0 + upper.1) + (lower.0 + lower.1) : (upper.2 + upper.3) + (lower.2 + lower.3)
        let target = patch.target + i * patch.rowStride + j * patch.pixelStride + c
        if patch.adds { value = load(target, count) + value }
        store(value, to: target, count)
      }
    }
  }

  public static func transformWeights(
    taps: UnsafePointer<UnsafePointer<Float>>, channel: Int, panels: Panels,
    target: UnsafeMutablePointer<Float>, pointStride: Int, scratch: UnsafeMutablePointer<Float>
  ) {
    for panel in 0..<panels.count {
      let width = panels.vectors(in: panel) * lanes
      let row = target + panels.offset(of: panel) + channel * width
      for column in stride(from: 0, to: panels.used(in: panel), by: lanes) {
        let k = panels.start(of: panel) + column
        let count = min(lanes, panels.columns - k)
        for j in 0..<3 {
          let r = weightTransform(
            load(taps[j] + k, count), load(taps[3 + j] + k, count), load(taps[6 + j] + k, count))
          keep(r, at: scratch + j * lanes, stride: 3 * lanes)
        }
        for i in 0..<6 {
          let half = scratch + i * 3 * lanes
          let r = weightTransform(load(half), load(half + lanes), load(half + 2 * lanes))
          keep(r, at: row + column + i * 6 * pointStride, stride: pointStride)
        }
      }
    }
  }

  public static func transformWeightSums(
    _ sums: UnsafePointer<Float>, pointStride t: Int, columns: Int,
    taps: UnsafePointer<UnsafeMutablePointer<Float>>, adds: Bool,
    scratch: UnsafeMutablePointer<Float>
  ) {
    for k in stride(from: 0, to: columns, by: lanes) {
      let count = min(lanes, columns - k)
      for j in 0..<6 {
        let q = sums + j * t + k
        let r = sumTransform(
          load(q), load(q + 6 * t), load(q + 12 * t), load(q + 18 * t), load(q + 24 * t),
          load(q + 30 * t))
        store(r.0, to: scratch + j * lanes)
        store(r.1, to: scratch + (6 + j) * lanes)
        store(r.2, to: scratch + (12 + j) * lanes)
      }
      for i in 0..<3 {
        let row = scratch + i * 6 * lanes
        let r = sumTransform(
          load(row), load(row + lanes), load(row + 2 * lanes), load(row + 3 * lanes),
          load(row + 4 * lanes), load(row + 5 * lanes))
        emit(r.0, to: taps[3 * i] + k, count, adds)
        emit(r.1, to: taps[3 * i + 1] + k, count, adds)
        emit(r.2, to: taps[3 * i + 2] + k, count, adds)
      }
    }
  }
}

/// Everything that an epilogue may ask of one vector of channels.
private struct Finish {
  let count: Int
  let bias: Lanes
  let isPlain: Bool
  var startsNow: Bool
  var shift = Lanes()
  var sum = Lanes()
  var square = Lanes()

  @inline(__always)
  init(_ patch: OutputPatch, at c: Int) {
    count = min(Lanes.scalarCount, patch.channels - c)
    bias = patch.bias.map { load($0 + c, min(Lanes.scalarCount, patch.channels - c)) } ?? Lanes()
    isPlain = patch.residual == nil && !patch.adds && !patch.rectifies
    startsNow = patch.startsStatistics
    if let statistics = patch.statistics, !patch.startsStatistics {
      let padded = (patch.channels + 15) / 16 * 16
      shift = load(statistics + c)
      sum = load(statistics + padded + c)
      square = load(statistics + 2 * padded + c)
    }
  }

  @inline(__always)
  mutating func emit(_ raw: Lanes, _ patch: OutputPatch, _ place: Int) {
    var value = raw + bias
    let target = patch.target + place
    if !isPlain {
      if patch.adds { value = load(target, count) + value }
      if let residual = patch.residual { value += load(residual + place, count) }
      if patch.rectifies { value = rectify(value) }
    }
    store(value, to: target, count)
    guard patch.statistics != nil else { return }
    if startsNow {
      shift = value
      startsNow = false
    }
    let distance = value - shift
    sum += distance
    square += distance * distance
  }

  @inline(__always)
  func save(_ patch: OutputPatch, at c: Int) {
    guard let statistics = patch.statistics else { return }
    let padded = (patch.channels + 15) / 16 * 16
    store(shift, to: statistics + c)
    store(sum, to: statistics + padded + c)
    store(square, to: statistics + 2 * padded + c)
  }
}

private typealias Three = (Lanes, Lanes, Lanes)
private typealias Four = (Lanes, Lanes, Lanes, Lanes)
private typealias Six = (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)

/// Row i of a tile's pixels from its half-transformed values.
@inline(__always)
private func row(_ scratch: UnsafePointer<Float>, _ i: Int) -> Four {
  let lanes = Lanes.scalarCount
  let q = scratch + i * 6 * lanes
  return outputTransform(
    load(q), load(q + lanes), load(q + 2 * lanes), load(q + 3 * lanes), load(q + 4 * lanes),
    load(q + 5 * lanes))
}

/// `Aᵀ m`.
@inline(__always)
private func outputTransform(
  _ m0: Lanes, _ m1: Lanes, _ m2: Lanes, _ m3: Lanes, _ m4: Lanes, _ m5: Lanes
) -> Four {
  let a = m1 + m2
  let b = m1 - m2
  let c = m3 + m4
  let d = m3 - m4
  return (
    m0 + a + c, times(2, d, plus: b), times(4, c, plus: a), times(8, d, plus: b) + m5
  )
}

/// `G g`.
@inline(__always)
private func weightTransform(
  _ g0: Lanes, _ g1: Lanes, _ g2: Lanes
) -> Six {
  let even = g0 + g2
  let wide = times(4, g2, plus: g0)
  let sixth = Lanes(repeating: -1 / 6)
  let twentyFourth = Lanes(repeating: 1 / 24)
  return (
    g0 * Lanes(repeating: 0.25), (even + g1) * sixth, (even - g1) * sixth,
    times(2, g1, plus: wide) * twentyFourth, times(-2, g1, plus: wide) * twentyFourth, g2
  )
}

/// `Gᵀ s`.
@inline(__always)
private func sumTransform(
  _ s0: Lanes, _ s1: Lanes, _ s2: Lanes, _ s3: Lanes, _ s4: Lanes, _ s5: Lanes
) -> Three {
  let a = s1 + s2
  let b = s2 - s1
  let c = s3 + s4
  let d = s3 - s4
  let sixth = Lanes(repeating: 1 / 6)
  return (
    times(0.25, s0, plus: (times(0.25, c, plus: -a)) * sixth),
    times(0.5, d, plus: b) * sixth,
    (c - a) * sixth + s5
  )
}

@inline(__always)
private func keep(_ values: Four, at target: UnsafeMutablePointer<Float>, stride: Int) {
  store(values.0, to: target)
  store(values.1, to: target + stride)
  store(values.2, to: target + 2 * stride)
  store(values.3, to: target + 3 * stride)
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

@inline(__always)
private func emit(
  _ value: Lanes, to target: UnsafeMutablePointer<Float>, _ count: Int, _ adds: Bool
) {
  store(adds ? load(target, count) + value : value, to: target, count)
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

/// The first `count` lanes; zeros in the others.
@inline(__always)
private func load(_ p: UnsafePointer<Float>, _ count: Int) -> Lanes {
  if count == Lanes.scalarCount { return load(p) }
  var value = Lanes()
  for i in 0..<count { value[i] = p[i] }
  return value
}

@inline(__always)
private func store(_ value: Lanes, to p: UnsafeMutablePointer<Float>, _ count: Int) {
  if count == Lanes.scalarCount { return store(value, to: p) }
  for i in 0..<count { p[i] = value[i] }
}
