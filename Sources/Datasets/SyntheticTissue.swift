internal import Core
public import Imaging

/// Generated H&E-like tissue with glands and their masks.
///
/// No real image enters it. Glands have a basal row of nuclei, goblet cells and a lumen; malignant ones
/// are irregular, crowded and sometimes cribriform. Vessels, gaps and lymphoid aggregates mislead, and
/// stain differs from patient to patient. An image depends on (seed, split, index, size) and, in its
/// look alone, on the scanner: another scanner shows the same tissue and has the same mask.
public struct SyntheticTissue: Hashable, Sendable {
  /// The scanners that can be named.
  public static let scanners = 0..<10

  /// The side of each square image in pixels.
  public let size: Int
  public let seed: UInt64
  /// 0 is the reference; 1...9 shift stain, light, blur and noise.
  public let scanner: Int
  public let imagesPerPatient: Int

  /// - Precondition: `size` is at least 16, `scanner` is one of `scanners`.
  public init(size: Int, seed: UInt64, scanner: Int = 0, imagesPerPatient: Int = 1) {
    precondition(size >= 16, "tissue needs 16 pixels a side")
    precondition(Self.scanners ~= scanner, "scanners are numbered 0 to 9")
    precondition(imagesPerPatient >= 1, "a patient has at least one image")
    self.size = size
    self.seed = seed
    self.scanner = scanner
    self.imagesPerPatient = imagesPerPatient
  }

  /// The id of an image: `train_0007`.
  public static func id(split: String, index: Int) -> String {
    let digits = String(index)
    return "\(split)_\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
  }

  /// The patient of an image; splits share none.
  public func patient(split: String, index: Int) -> String {
    "\(split)-patient-\(index / imagesPerPatient)"
  }

  /// `benign` or `malignant`, one for all images of a patient.
  public func stratum(split: String, index: Int) -> String {
    isMalignant(split: split, patient: index / imagesPerPatient) ? "malignant" : "benign"
  }

  /// An image and its glands, numbered from 1; a mask may show no gland.
  public func sample(split: String, index: Int) -> (image: RGBImage, labels: LabelMap) {
    let number = UInt64(index)
    let patient = index / imagesPerPatient
    var geometry = RandomStream(seed: seed, purpose: "tissue-layout/\(split)", number)
    let layout = TissueLayout(
      size: size, isMalignant: isMalignant(split: split, patient: patient), stream: &geometry)
    var planes = StainPlanes(size: size)
    var stroma = RandomStream(seed: seed, purpose: "tissue-stroma/\(split)", number)
    StromaPainter(layout: layout, stream: &stroma).paint(&planes, stream: &stroma)
    var epithelium = RandomStream(seed: seed, purpose: "tissue-glands/\(split)", number)
    GlandPainter(layout: layout).paint(&planes, stream: &epithelium)

    var ofPatient = RandomStream(
      seed: seed, purpose: "tissue-stain/\(split)", UInt64(patient))
    var ofImage = RandomStream(seed: seed, purpose: "tissue-look/\(split)", number)
    let optics = TissueOptics(
      scanner: Scanner.all[scanner], slide: SlideStain(patient: &ofPatient, image: &ofImage))
    return (optics.image(of: planes, stream: &ofImage), layout.labels)
  }

  /// Neighbouring patients take turns, in an order drawn for each pair: every set is balanced.
  private func isMalignant(split: String, patient: Int) -> Bool {
    var stream = RandomStream(
      seed: seed, purpose: "tissue-stratum/\(split)", UInt64(patient / 2))
    return stream.chance(0.5) == (patient % 2 == 0)
  }
}
