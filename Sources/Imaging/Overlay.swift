/// Contours of truth and prediction drawn over an image.
public enum Overlay {
  /// The true contour: the blue of Okabe and Ito's palette, which all colour vision tells apart from
  /// its yellow.
  public static let truthColour = RGB(0, 114, 178)
  /// The predicted contour: the palette's yellow.
  public static let predictionColour = RGB(240, 228, 66)

  /// The image with both contours; any non-zero label is foreground, touching instances keep a line.
  ///
  /// The true contour is three pixels wide and the predicted one a single pixel on top of it: where
  /// they agree the line is blue with a yellow core, so neither hides the other.
  public static func render(
    image: RGBImage, truth: LabelMap?, prediction: LabelMap?
  ) -> RGBImage {
    var result = image
    if let truth {
      precondition(truth.width == image.width && truth.height == image.height, "sizes differ")
      for (x, y) in contour(of: truth) {
        for ny in max(0, y - 1)...min(image.height - 1, y + 1) {
          for nx in max(0, x - 1)...min(image.width - 1, x + 1) { result[nx, ny] = truthColour }
        }
      }
    }
    if let prediction {
      precondition(
        prediction.width == image.width && prediction.height == image.height, "sizes differ")
      for (x, y) in contour(of: prediction) { result[x, y] = predictionColour }
    }
    return result
  }

  /// Foreground pixels with a 4-neighbour of another label; the image's edge is no contour.
  private static func contour(of map: LabelMap) -> [(x: Int, y: Int)] {
    var found: [(x: Int, y: Int)] = []
    for y in 0..<map.height {
      for x in 0..<map.width {
        let label = map[x, y]
        guard label != 0 else { continue }
        if (x > 0 && map[x - 1, y] != label) || (x + 1 < map.width && map[x + 1, y] != label)
          || (y > 0 && map[x, y - 1] != label) || (y + 1 < map.height && map[x, y + 1] != label)
        {
          found.append((x, y))
        }
      }
    }
    return found
  }
}

extension RGBImage {
  /// This image and others of the same height in a row, with white gaps between them.
  public func beside(_ others: RGBImage..., gap: Int = 4) -> RGBImage {
    let all = [self] + others
    precondition(
      all.allSatisfy { $0.height == height }, "images beside each other differ in height")
    let total = all.reduce(0) { $0 + $1.width } + gap * others.count
    var result = RGBImage(width: total, height: height, filledWith: RGB(255, 255, 255))
    var left = 0
    for image in all {
      for y in 0..<height {
        let source = 3 * y * image.width
        let target = 3 * (y * total + left)
        result.pixels.replaceSubrange(
          target..<target + 3 * image.width, with: image.pixels[source..<source + 3 * image.width])
      }
      left += image.width + gap
    }
    return result
  }
}
