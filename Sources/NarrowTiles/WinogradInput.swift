// Winograd's forms (Lavin and Gray 2016): what goes into the products at their points.

internal import CHints
public import Tiles

extension Kernels {
  public static func transformInput(_ patch: InputPatch, scratch: UnsafeMutablePointer<Float>) {
    switch (patch.tile, patch.isDoubled) {
    case (.four, false): transformInput(patch, TileOfFour.self, scratch)
    case (.four, true): transformInput(patch, PairedInput<TileOfFour>.self, scratch)
    case (.six, false): transformInput(patch, TileOfSix.self, scratch)
    case (.six, true): transformInput(patch, PairedInput<TileOfSix>.self, scratch)
    }
  }

  public static func transformOutputGradient(
    _ patch: InputPatch, scratch: UnsafeMutablePointer<Float>
  ) {
    switch patch.tile {
    case .four: transformOutputGradient(patch, TileOfFour.self, scratch)
    case .six: transformOutputGradient(patch, TileOfSix.self, scratch)
    }
  }

  @inline(__always)
  private static func transformInput<Form: InputTransform>(
    _ patch: InputPatch, _ form: Form.Type, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let side = form.pixels
    let isInside = patch.inside == ~0 >> UInt64(64 - side * side)
    let p = patch.pixels
    let t = patch.pointStride
    var target = patch.target
    for c in stride(from: 0, to: patch.channels, by: lanes) {
      if let normalisation = patch.normalisation {
        let n = Normaliser(normalisation, at: c)
        for j in 0..<side {
          ask(for: patch.upcoming, row: j, of: side, at: c)
          let column = scratch + j * lanes
          if isInside {
            form.input(
              { n.apply(load(p[$0 * side + j] + c)) },
              to: { store($1, to: column + $0 * side * lanes) })
          } else {
            form.input(
              { n.pixel(patch, $0 * side + j, c) },
              to: { store($1, to: column + $0 * side * lanes) })
          }
        }
      } else {
        for j in 0..<side {
          ask(for: patch.upcoming, row: j, of: side, at: c)
          let column = scratch + j * lanes
          form.input(
            { load(p[$0 * side + j] + c) },
            to: { store($1, to: column + $0 * side * lanes) })
        }
      }
      for i in 0..<form.patch where i != form.omitted {
        let row = scratch + i * side * lanes
        let q = target + i * form.patch * t
        form.input({ load(row + $0 * lanes) }, to: { store($1, to: q + $0 * t) })
      }
      target += patch.vectorStride
    }
  }

  @inline(__always)
  private static func transformOutputGradient<Form: WinogradForm>(
    _ patch: InputPatch, _ form: Form.Type, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let side = form.side
    let p = patch.pixels
    let t = patch.pointStride
    var target = patch.target
    for c in stride(from: 0, to: patch.channels, by: lanes) {
      for j in 0..<side {
        ask(for: patch.upcoming, row: j, of: side, at: c)
        let column = scratch + j * lanes
        form.gradient(
          { load(p[$0 * side + j] + c) },
          to: { store($1, to: column + $0 * side * lanes) })
      }
      for i in 0..<form.patch {
        let row = scratch + i * side * lanes
        let q = target + i * form.patch * t
        form.gradient({ load(row + $0 * lanes) }, to: { store($1, to: q + $0 * t) })
      }
      target += patch.vectorStride
    }
  }
}

/// Asks for one line of each pixel of a row that is new: a few at a time, since many at once keep loads
/// waiting.
@inline(__always)
private func ask(for upcoming: UpcomingPixels?, row: Int, of side: Int, at c: Int) {
  guard let upcoming, c & 15 == 0 else { return }
  for j in upcoming.firstColumn..<side {
    prefetch_line_for_later(upcoming.pixels[row * side + j] + c)
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
private func load(_ p: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}

@inline(__always)
private func store(_ value: Lanes, to p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
}
