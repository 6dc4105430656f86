internal import Core
internal import Imaging

/// Where the glands of an image lie.
struct TissueLayout {
  let size: Int
  var glands: [Gland] = []
  /// `[size, size]`: the signed distance in pixels to the nearest gland, negative inside.
  var distance: [Float]
  /// The gland of each pixel, 0 outside; the truth.
  var labels: LabelMap

  /// Places glands until the tissue is full or the tries are used up.
  ///
  /// Outlines are roughened by shifting every pixel by smooth noise, more and finer in tumours.
  init(size: Int, isMalignant: Bool, stream: inout RandomStream) {
    self.size = size
    distance = [Float](repeating: 100, count: size * size)
    labels = LabelMap(width: size, height: size)
    let (shiftX, shiftY) = Self.warp(size: size, isMalignant: isMalignant, stream: &stream)
    let areas = Double(size * size) / (128 * 128)
    let scale = stream.uniform(0.75, 1.35)
    let wanted = max(1, Int((areas * stream.uniform(4, 11) / scale).rounded()))
    // Benign crypts keep apart; tumour glands stand back to back.
    let gap: Float = isMalignant ? 2 : 3.5
    for _ in 0..<12 * wanted where glands.count < wanted {
      let gland = Gland.draw(
        size: size, isMalignant: isMalignant, scale: scale, stream: &stream)
      let bounds = gland.bounds(in: size, margin: 14)
      var field: [Float] = []
      field.reserveCapacity(bounds.rows.count * bounds.columns.count)
      var visible = 0
      var isFree = true
      for y in bounds.rows {
        for x in bounds.columns {
          let i = y * size + x
          let d = gland.distance(Float(x) + shiftX[i], Float(y) + shiftY[i])
          field.append(d)
          if d < 0 { visible += 1 }
          if d < gap / 2 && distance[i] < gap / 2 { isFree = false }
        }
      }
      guard isFree, visible >= 40 else { continue }
      glands.append(gland)
      var next = field.makeIterator()
      for y in bounds.rows {
        for x in bounds.columns {
          let d = next.next()!
          let i = y * size + x
          distance[i] = min(distance[i], d)
          if d < 0 { labels.labels[i] = UInt16(glands.count) }
        }
      }
    }
  }

  /// The unit vector out of the nearest gland.
  func outward(_ x: Int, _ y: Int) -> (x: Float, y: Float) {
    let (left, right) = (max(0, x - 1), min(size - 1, x + 1))
    let (up, down) = (max(0, y - 1), min(size - 1, y + 1))
    let dx = distance[y * size + right] - distance[y * size + left]
    let dy = distance[down * size + x] - distance[up * size + x]
    let length = (dx * dx + dy * dy).squareRoot()
    return length > 1e-4 ? (dx / length, dy / length) : (1, 0)
  }

  private static func warp(
    size: Int, isMalignant: Bool, stream: inout RandomStream
  ) -> (x: [Float], y: [Float]) {
    let coarse = (ValueNoise(key: stream.next()), ValueNoise(key: stream.next()))
    let fine = (ValueNoise(key: stream.next()), ValueNoise(key: stream.next()))
    let coarseReach = Float(isMalignant ? stream.uniform(4, 8) : stream.uniform(2, 5))
    let fineReach = Float(isMalignant ? stream.uniform(1.2, 3) : stream.uniform(0.3, 1))
    var x = [Float](repeating: 0, count: size * size)
    var y = x
    for row in 0..<size {
      for column in 0..<size {
        let (u, v) = (Float(column), Float(row))
        let i = row * size + column
        x[i] =
          coarseReach * coarse.0.signed(u / 22, v / 22) + fineReach * fine.0.signed(u / 7, v / 7)
        y[i] =
          coarseReach * coarse.1.signed(u / 22, v / 22) + fineReach * fine.1.signed(u / 7, v / 7)
      }
    }
    return (x, y)
  }
}
