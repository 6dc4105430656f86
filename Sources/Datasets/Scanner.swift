internal import Core
internal import Imaging

/// How a laboratory's stain and a scanner's optics render tissue.
struct Scanner {
  /// Factors on the amounts of haematoxylin and eosin.
  var haematoxylinGain: Double
  var eosinGain: Double
  /// Added to the reference stain vectors before they are scaled to length 1.
  var haematoxylinShift: SIMD3<Double>
  var eosinShift: SIMD3<Double>
  /// The light of an empty slide.
  var light: SIMD3<Double>
  /// Standard deviation of the optics' blur in pixels.
  var blur: Double
  /// Standard deviation of the sensor's noise in grey levels.
  var noise: Double

  /// The reference, number 0.
  private static let reference = Scanner(
    haematoxylinGain: 1, eosinGain: 1, haematoxylinShift: SIMD3(0, 0, 0),
    eosinShift: SIMD3(0, 0, 0), light: SIMD3(241, 240, 242), blur: 0.55, noise: 2)

  /// The scanners that a manifest can name, 0...9; chosen to look different, from no real device.
  static let all: [Scanner] = [
    reference,
    Scanner(
      haematoxylinGain: 0.72, eosinGain: 1.3, haematoxylinShift: SIMD3(-0.06, 0.04, 0.1),
      eosinShift: SIMD3(-0.08, 0, -0.12), light: SIMD3(236, 226, 232), blur: 0.95, noise: 4),
    Scanner(
      haematoxylinGain: 1.3, eosinGain: 0.65, haematoxylinShift: SIMD3(0.14, -0.04, -0.14),
      eosinShift: SIMD3(0.06, 0, 0.02), light: SIMD3(222, 230, 244), blur: 0.5, noise: 5),
    Scanner(
      haematoxylinGain: 0.8, eosinGain: 0.7, haematoxylinShift: SIMD3(0, 0, 0.06),
      eosinShift: SIMD3(0.05, -0.1, -0.05), light: SIMD3(248, 246, 240), blur: 1.25, noise: 2.5),
    Scanner(
      haematoxylinGain: 1.2, eosinGain: 1.25, haematoxylinShift: SIMD3(0.08, 0.02, 0.04),
      eosinShift: SIMD3(0.1, 0, -0.16), light: SIMD3(214, 206, 204), blur: 0.7, noise: 6),
    Scanner(
      haematoxylinGain: 0.9, eosinGain: 1.1, haematoxylinShift: SIMD3(-0.12, 0, 0.16),
      eosinShift: SIMD3(-0.1, 0, 0.08), light: SIMD3(244, 232, 246), blur: 0.4, noise: 7),
    Scanner(
      haematoxylinGain: 1.1, eosinGain: 0.85, haematoxylinShift: SIMD3(0.2, 0, -0.1),
      eosinShift: SIMD3(0.02, 0, 0.14), light: SIMD3(230, 240, 236), blur: 1.1, noise: 3),
    Scanner(
      haematoxylinGain: 0.65, eosinGain: 0.95, haematoxylinShift: SIMD3(0.04, -0.06, -0.04),
      eosinShift: SIMD3(-0.05, 0.05, -0.2), light: SIMD3(250, 250, 250), blur: 0.8, noise: 2),
    Scanner(
      haematoxylinGain: 1.45, eosinGain: 1, haematoxylinShift: SIMD3(-0.04, 0, 0.08),
      eosinShift: SIMD3(0, 0, 0.06), light: SIMD3(206, 212, 224), blur: 0.6, noise: 4.5),
    Scanner(
      haematoxylinGain: 0.85, eosinGain: 1.45, haematoxylinShift: SIMD3(0.1, 0, 0),
      eosinShift: SIMD3(0.12, -0.05, -0.08), light: SIMD3(238, 222, 214), blur: 1, noise: 5),
  ]

  /// The stain model of one slide: the scanner's, with the slide's own deviation.
  func stainModel(for slide: SlideStain) -> StainModel {
    let reference = StainModel.reference
    return StainModel(
      haematoxylin: reference.haematoxylin + haematoxylinShift + slide.haematoxylinShift,
      eosin: reference.eosin + eosinShift + slide.eosinShift, light: light + slide.lightShift)
  }
}

/// How one slide's staining differs from its laboratory's usual.
struct SlideStain {
  var haematoxylinGain: Double
  var eosinGain: Double
  var haematoxylinShift: SIMD3<Double>
  var eosinShift: SIMD3<Double>
  var lightShift: SIMD3<Double>

  /// Drawn per patient; `image` adds the smaller differences between a patient's images.
  init(patient: inout RandomStream, image: inout RandomStream) {
    func shift(_ stream: inout RandomStream, _ reach: Double) -> SIMD3<Double> {
      SIMD3(
        stream.uniform(-reach, reach), stream.uniform(-reach, reach), stream.uniform(-reach, reach))
    }
    haematoxylinGain = patient.uniform(0.65, 1.4) * image.uniform(0.93, 1.07)
    eosinGain = patient.uniform(0.6, 1.5) * image.uniform(0.93, 1.07)
    haematoxylinShift = shift(&patient, 0.08) + shift(&image, 0.01)
    eosinShift = shift(&patient, 0.08) + shift(&image, 0.01)
    lightShift = shift(&patient, 7)
  }
}
