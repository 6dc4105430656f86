// Copies of pixels' channels into memory where products read them.

internal import CHints
public import Tiles

private let pixelsAtOnce = 4

extension Kernels {
  public static func copyVectors(
    _ pixels: UnsafePointer<UnsafePointer<Float>>, count: Int, channels: Range<Int>,
    normalisation: LazyNormalisation?, to target: UnsafeMutablePointer<Float>, pixelStride: Int,
    vectorStride: Int
  ) {
    guard let normalisation else {
      for p in 0..<count {
        let pixel = pixels[p]
        var place = target + p * pixelStride
        var c = channels.lowerBound
        while c < channels.upperBound {
          store(load(pixel + c), to: place)
          place += vectorStride
          c += lanes
        }
      }
      return
    }
    var first = 0
    while first < count {
      // What belongs to a channel is read once for some pixels.
      let some = first..<min(count, first + pixelsAtOnce)
      var place = target
      var c = channels.lowerBound
      while c < channels.upperBound {
        let centre = load(normalisation.centre + c)
        let scale = load(normalisation.scale + c)
        let shift = load(normalisation.shift + c)
        for p in some {
          let value = shift + (load(pixels[p] + c) - centre) * scale
          store(normalisation.rectifies ? rectify(value) : value, to: place + p * pixelStride)
        }
        place += vectorStride
        c += lanes
      }
      first = some.upperBound
    }
  }
}

// Their own copies: a debug build compiles file by file and would call another file's.

@inline(__always)
private func load(_ p: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}

@inline(__always)
private func store(_ value: Lanes, to p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
}
