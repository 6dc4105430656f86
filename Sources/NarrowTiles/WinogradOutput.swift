// Winograd's forms (Lavin and Gray 2016): what comes out of the products at their points, and weights.

internal import CHints
public import Tiles

extension Kernels {
  public static func transformOutput(_ patch: OutputPatch, scratch: UnsafeMutablePointer<Float>) {
    switch patch.tile {
    case .four: transformOutput(patch, TileOfFour.self, scratch)
    case .six: transformOutput(patch, TileOfSix.self, scratch)
    }
  }

  @inline(__always)
  private static func transformOutput<Form: WinogradForm>(
    _ patch: OutputPatch, _ form: Form.Type, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let side = form.patch
    let t = patch.pointStride
    if patch.halves { return transformHalved(patch, form, scratch) }
    for c in stride(from: 0, to: patch.channels, by: lanes) {
      for j in 0..<side {
        let q = patch.source + j * t + c
        let column = scratch + j * lanes
        form.output({ load(q + $0 * side * t) }, to: { store($1, to: column + $0 * side * lanes) })
      }
      writeRows(patch, form, c, scratch)
    }
  }

  @inline(__always)
  private static func writeRows<Form: WinogradForm>(
    _ patch: OutputPatch, _ form: Form.Type, _ c: Int, _ scratch: UnsafeMutablePointer<Float>
  ) {
    var finish = Finish(patch, at: c)
    for i in 0..<patch.rows {
      let row = scratch + i * form.patch * lanes
      let place = i * patch.rowStride + c
      form.output(
        { load(row + $0 * lanes) },
        to: { j, value in
          if j < patch.columns { finish.emit(value, patch, place + j * patch.pixelStride) }
        })
    }
    finish.save(patch, at: c)
  }

  @inline(__always)
  private static func transformHalved<Form: WinogradForm>(
    _ patch: OutputPatch, _ form: Form.Type, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let side = form.patch
    let t = patch.pointStride
    for c in stride(from: 0, to: patch.channels, by: lanes) {
      let count = min(lanes, patch.channels - c)
      for j in 0..<side where j != WinogradTile.minusOne {
        let q = patch.source + j * t + c
        let column = scratch + j * lanes
        form.halvedOutput(
          { load(q + $0 * side * t) }, to: { store($1, to: column + $0 * side * lanes) })
      }
      for i in 0..<patch.rows / 2 {
        let row = scratch + i * side * lanes
        let target = patch.target + i * patch.rowStride + c
        form.halvedOutput(
          { load(row + $0 * lanes) },
          to: { j, value in
            guard j < patch.columns / 2 else { return }
            let pixel = target + j * patch.pixelStride
            store(patch.adds ? load(pixel, count) + value : value, to: pixel, count)
          })
      }
    }
  }

  public static func transformWeights(
    _ tile: WinogradTile, taps: UnsafePointer<UnsafePointer<Float>>, channel: Int, panels: Panels,
    target: UnsafeMutablePointer<Float>, pointStride: Int, omitsCancelling omits: Bool,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let omitted = omits ? WinogradTile.minusOne : nil
    switch tile {
    case .four:
      transformWeights(
        TileOfFour.self, taps, channel, panels, target, pointStride, omitted, scratch)
    case .six:
      transformWeights(
        TileOfSix.self, taps, channel, panels, target, pointStride, omitted, scratch)
    }
  }

  @inline(__always)
  private static func transformWeights<Form: WinogradForm>(
    _ form: Form.Type, _ taps: UnsafePointer<UnsafePointer<Float>>, _ channel: Int,
    _ panels: Panels, _ target: UnsafeMutablePointer<Float>, _ pointStride: Int, _ omitted: Int?,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    for panel in 0..<panels.count {
      let width = panels.vectors(in: panel) * lanes
      let row = target + panels.offset(of: panel) + channel * width
      for column in stride(from: 0, to: panels.used(in: panel), by: lanes) {
        let k = panels.start(of: panel) + column
        let count = min(lanes, panels.columns - k)
        for j in 0..<3 {
          let half = scratch + j * lanes
          form.weight(
            { load(taps[3 * $0 + j] + k, count) },
            to: { store($1, to: half + $0 * 3 * lanes) })
        }
        for i in 0..<form.patch where i != omitted {
          let half = scratch + i * 3 * lanes
          let q = row + column + i * form.patch * pointStride
          form.weight(
            { load(half + $0 * lanes) },
            to: { if $0 != omitted { store($1, to: q + $0 * pointStride) } })
        }
      }
    }
  }

  public static func transformWeightSums(
    _ tile: WinogradTile, _ sums: UnsafePointer<Float>, pointStride: Int, columns: Int,
    taps: UnsafePointer<UnsafeMutablePointer<Float>>, adds: Bool,
    scratch: UnsafeMutablePointer<Float>
  ) {
    switch tile {
    case .four:
      transformWeightSums(TileOfFour.self, sums, pointStride, columns, taps, adds, scratch)
    case .six:
      transformWeightSums(TileOfSix.self, sums, pointStride, columns, taps, adds, scratch)
    }
  }

  @inline(__always)
  private static func transformWeightSums<Form: WinogradForm>(
    _ form: Form.Type, _ sums: UnsafePointer<Float>, _ t: Int, _ columns: Int,
    _ taps: UnsafePointer<UnsafeMutablePointer<Float>>, _ adds: Bool,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let side = form.patch
    for k in stride(from: 0, to: columns, by: lanes) {
      let count = min(lanes, columns - k)
      for j in 0..<side {
        let q = sums + j * t + k
        let column = scratch + j * lanes
        form.weightSum(
          { load(q + $0 * side * t) }, to: { store($1, to: column + $0 * side * lanes) })
      }
      for i in 0..<3 {
        let row = scratch + i * side * lanes
        form.weightSum(
          { load(row + $0 * lanes) },
          to: { j, value in
            let target = taps[3 * i + j] + k
            store(adds ? load(target, count) + value : value, to: target, count)
          })
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
