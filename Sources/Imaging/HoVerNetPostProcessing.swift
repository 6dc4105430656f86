/// HoVer-Net's way from maps of probability and distance to single nuclei.
///
/// By the published code (`models/hovernet/post_proc.py`, Graham et al., MedIA 2019). Where distances
/// jump, nuclei meet: strong gradients cut markers, from which a watershed grows back into the
/// foreground. Gradients are scaled by their smallest and largest value in the whole map, so a tile's
/// result depends on where the tile ends: keep tiles the same when results are compared.
public struct HoVerNetPostProcessing: Hashable, Sendable {
  /// The smallest probability of foreground.
  public var foreground: Float = 0.5
  /// The smallest scaled gradient of a boundary.
  public var boundary = 0.4
  /// The fewest pixels of a foreground region and of a marker.
  public var minimumSize = 10
  /// The side of the Sobel operator in pixels, odd.
  public var sobelSize = 21

  /// The published constants, for 0.25 um a pixel.
  public init() {}

  /// The nuclei, numbered row by row from their markers' first pixels.
  ///
  /// - Parameters:
  ///   - probabilities: `[height, width]`: how likely a pixel belongs to a nucleus.
  ///   - distances: `[height, width, 2]`: from the centre along x and along y, in -1...1.
  /// - Returns: `nil` if there are more than 65,535.
  public func instances(
    probabilities: [Float], distances: [Float], width: Int, height: Int
  ) -> LabelMap? {
    precondition(
      probabilities.count == width * height && distances.count == 2 * width * height,
      "the maps do not have the stated size")
    let nuclei = Mask(
      width: width, height: height, pixels: probabilities.map { $0 >= foreground ? 1 : 0 }
    ).withoutRegions(smallerThan: minimumSize, connectivity: .four)
    let filter = PlanarFilter(width: width, height: height)
    let edges = edgeStrength(distances, filter)

    var markers = nuclei
    for i in edges.indices where Double(edges[i]) >= boundary { markers.pixels[i] = 0 }
    markers = markers.fillingHoles().opened(by: .ellipse5)
      .withoutRegions(smallerThan: minimumSize, connectivity: .four)
    let seeds = ConnectedComponents(of: markers, connectivity: .four)
    guard seeds.count <= Int(UInt16.max) else { return nil }

    var depth = [Double](repeating: 0, count: edges.count)
    for i in depth.indices where nuclei.pixels[i] != 0 { depth[i] = Double(edges[i]) - 1 }
    let grown = Watershed.grow(seeds.labels, over: filter.blur3(depth), within: nuclei)
    return LabelMap(width: width, height: height, labels: grown.map { UInt16($0) })
  }

  /// For each pixel the larger of both maps' scaled gradients: 1 where distances fall steepest.
  private func edgeStrength(_ distances: [Float], _ filter: PlanarFilter) -> [Float] {
    let count = distances.count / 2
    func falling(_ channel: Int) -> [Float] {
      var plane = [Double](repeating: 0, count: count)
      distances.withUnsafeBufferPointer { distances in
        for i in 0..<count { plane[i] = Double(distances[2 * i + channel]) }
      }
      let scaled = Self.scaled(plane).map(Double.init)
      var slopes = Self.scaled(
        filter.sobel(scaled, size: sobelSize, alongRows: channel == 0))
      for i in slopes.indices { slopes[i] = 1 - slopes[i] }
      return slopes
    }
    var strength = falling(0)
    let vertical = falling(1)
    for i in strength.indices where vertical[i] > strength[i] { strength[i] = vertical[i] }
    return strength
  }

  /// The values moved and stretched to 0...1, in Float32 as OpenCV rounds; all 0 if they are equal.
  private static func scaled(_ values: [Double]) -> [Float] {
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values {
      low = min(low, value)
      high = max(high, value)
    }
    let scale = high - low > Double.ulpOfOne ? Double(Float(1 / (high - low))) : 0
    let shift = -Double(Float(low * scale))
    return values.map { Float($0 * scale + shift) }
  }
}
