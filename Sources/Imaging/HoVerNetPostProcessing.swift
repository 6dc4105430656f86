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
    func slopes(_ channel: Int) -> (values: [Double], scale: UnitScale) {
      let plane = distances.withUnsafeBufferPointer { distances in
        [Double](unsafeUninitializedCapacity: count) { plane, initialized in
          for i in 0..<count { plane[i] = Double(distances[2 * i + channel]) }
          let scale = UnitScale(UnsafeBufferPointer(plane))
          for i in 0..<count { plane[i] = Double(scale.of(plane[i])) }
          initialized = count
        }
      }
      let slopes = filter.sobel(plane, size: sobelSize, alongRows: channel == 0)
      return (slopes, slopes.withUnsafeBufferPointer(UnitScale.init))
    }
    let (horizontal, vertical) = (slopes(0), slopes(1))
    return horizontal.values.withUnsafeBufferPointer { x in
      vertical.values.withUnsafeBufferPointer { y in
        [Float](unsafeUninitializedCapacity: count) { strength, initialized in
          for i in 0..<count {
            let (alongX, alongY) = (1 - horizontal.scale.of(x[i]), 1 - vertical.scale.of(y[i]))
            strength[i] = alongX > alongY ? alongX : alongY
          }
          initialized = count
        }
      }
    }
  }
}

/// Moves and stretches values to 0...1, in Float32 as OpenCV rounds; to 0 if they are equal.
private struct UnitScale {
  private let factor: Double
  private let shift: Double

  init(_ values: UnsafeBufferPointer<Double>) {
    typealias Lanes = SIMD8<Double>
    var (low, high) = (Lanes(repeating: .infinity), Lanes(repeating: -.infinity))
    let whole = values.count / 8 * 8
    let bytes = UnsafeRawPointer(values.baseAddress!)
    for i in stride(from: 0, to: whole, by: 8) {
      let lanes = (bytes + 8 * i).loadUnaligned(as: Lanes.self)
      low.replace(with: lanes, where: lanes .< low)
      high.replace(with: lanes, where: lanes .> high)
    }
    for value in values[whole...] {
      low[0] = min(low[0], value)
      high[0] = max(high[0], value)
    }
    let (least, range) = (low.min(), high.max() - low.min())
    factor = range > Double.ulpOfOne ? Double(Float(1 / range)) : 0
    shift = -Double(Float(least * factor))
  }

  @inline(__always)
  func of(_ value: Double) -> Float { Float(value * factor + shift) }
}
