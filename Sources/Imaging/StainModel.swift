internal import Core

/// Haematoxylin and eosin as absorbers of light, after Beer and Lambert.
///
/// A pixel's intensity is I = I0 exp(-(h H + e E)), channel by channel, with stain amounts h and e and
/// the stains' optical densities H and E per unit.
public struct StainModel: Hashable, Sendable {
  /// Optical density of one unit of haematoxylin in red, green and blue; of length 1.
  public var haematoxylin: SIMD3<Double>
  /// Optical density of one unit of eosin in red, green and blue; of length 1.
  public var eosin: SIMD3<Double>
  /// The light I0 that an empty slide lets through, in 0...255.
  public var light: SIMD3<Double>

  /// A model with stain vectors of any length; they are scaled to 1.
  public init(haematoxylin: SIMD3<Double>, eosin: SIMD3<Double>, light: SIMD3<Double>) {
    self.haematoxylin = Self.unit(haematoxylin)
    self.eosin = Self.unit(eosin)
    self.light = light
  }

  /// The reference vectors of Macenko et al., ISBI 2009, as their published code has them.
  public static let reference = StainModel(
    haematoxylin: SIMD3(0.5626, 0.7201, 0.4062), eosin: SIMD3(0.2159, 0.8012, 0.5581),
    light: SIMD3(240, 240, 240))

  /// The intensities in 0...255 that stain amounts leave, before rounding.
  public func intensity(haematoxylin h: Double, eosin e: Double) -> SIMD3<Double> {
    let density = haematoxylin * h + eosin * e
    return light
      * SIMD3(
        Self.transmittance(density.x), Self.transmittance(density.y),
        Self.transmittance(density.z))
  }

  /// The stain amounts that best explain a colour: least squares on optical densities.
  public func amounts(of colour: RGB) -> (haematoxylin: Double, eosin: Double) {
    let density = opticalDensity(of: colour)
    let (hh, he, ee) = (
      Self.dot(haematoxylin, haematoxylin), Self.dot(haematoxylin, eosin), Self.dot(eosin, eosin)
    )
    let (hd, ed) = (Self.dot(haematoxylin, density), Self.dot(eosin, density))
    let determinant = hh * ee - he * he
    return ((ee * hd - he * ed) / determinant, (hh * ed - he * hd) / determinant)
  }

  /// Natural optical density -ln(I / I0); black counts as intensity 1.
  public func opticalDensity(of colour: RGB) -> SIMD3<Double> {
    SIMD3(
      -PortableMath.log(max(1, Double(colour.red)) / light.x),
      -PortableMath.log(max(1, Double(colour.green)) / light.y),
      -PortableMath.log(max(1, Double(colour.blue)) / light.z))
  }

  /// exp(-density) from a table with linear interpolation; off by under 1.2e-7 of full light.
  static func transmittance(_ density: Double) -> Double {
    let position = max(0, density) * 1024
    let index = Int(min(position, 8190))
    let rest = min(position, 8191) - Double(index)
    return table[index] + rest * (table[index + 1] - table[index])
  }

  private static let table = (0...8192).map { PortableMath.exp(-Double($0) / 1024) }

  private static func dot(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    a.x * b.x + a.y * b.y + a.z * b.z
  }
  private static func unit(_ v: SIMD3<Double>) -> SIMD3<Double> { v / dot(v, v).squareRoot() }
}
