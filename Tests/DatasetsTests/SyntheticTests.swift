import Core
import Datasets
import Imaging
import Testing

/// The first digits of a digest over an image and its labels.
private func digest(_ image: RGBImage, _ labels: LabelMap? = nil) -> String {
  let words = labels?.labels.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] } ?? []
  return String(SHA256.digest(of: image.pixels + words).hex.prefix(16))
}

@Suite("Synthetic tissue")
struct SyntheticTissueTests {
  /// A changed digest means that every study on synthetic tissue changes: raise the kind's version.
  @Test(
    "the bytes of an image do not change between releases",
    arguments: [
      (64, 1, 0, "train", 0, "a9a824fbb01eb176"), (64, 1, 0, "train", 1, "39ee34e606d488a1"),
      (64, 1, 3, "train", 0, "358e6b4687e99d45"),
      (96, 2023, 9, "test", 12, "912d84a3435a008c"), (33, 5, 1, "x", 7, "5f9ae7bbde99ecc3"),
    ])
  func bytes(
    size: Int, seed: UInt64, scanner: Int, split: String, index: Int, expected: String
  ) {
    let tissue = SyntheticTissue(size: size, seed: seed, scanner: scanner)
    let (image, labels) = tissue.sample(split: split, index: index)
    #expect(digest(image, labels) == expected)
  }

  @Test("another scanner shows the same tissue in another look", arguments: 1..<10)
  func scanners(scanner: Int) {
    let reference = SyntheticTissue(size: 64, seed: 4).sample(split: "test", index: 3)
    let other = SyntheticTissue(size: 64, seed: 4, scanner: scanner).sample(
      split: "test", index: 3)
    #expect(other.labels == reference.labels)
    let difference = zip(other.image.pixels, reference.image.pixels).reduce(0) {
      $0 + abs(Int($1.0) - Int($1.1))
    }
    #expect(difference > 6 * reference.image.pixels.count)
  }

  @Test("splits, indices and seeds give different images")
  func distinct() {
    let tissue = SyntheticTissue(size: 32, seed: 4)
    let images = [
      tissue.sample(split: "train", index: 0), tissue.sample(split: "train", index: 1),
      tissue.sample(split: "test", index: 0),
      SyntheticTissue(size: 32, seed: 5).sample(split: "train", index: 0),
    ].map { digest($0.image) }
    #expect(Set(images).count == 4)
  }

  @Test("the gland that a mask shows is there at any size, and glands cover a fifth to a half")
  func coverage() {
    let tissue = SyntheticTissue(size: 96, seed: 8)
    var shares: [Double] = []
    for index in 0..<24 {
      let labels = tissue.sample(split: "train", index: index).labels
      let present = labels.distinctLabels
      #expect(present == Array(1...UInt16(present.count)))
      shares.append(Double(labels.foregroundCount) / Double(96 * 96))
    }
    let mean = shares.reduce(0, +) / Double(shares.count)
    #expect(0.2...0.5 ~= mean)
    #expect(shares.max()! > 2 * shares.min()!)
  }

  @Test("patients own runs of images, and strata are balanced and whole")
  func patients() {
    let tissue = SyntheticTissue(size: 16, seed: 8, imagesPerPatient: 3)
    #expect(tissue.patient(split: "train", index: 2) == "train-patient-0")
    #expect(tissue.patient(split: "train", index: 3) == "train-patient-1")
    #expect(tissue.patient(split: "test", index: 3) == "test-patient-1")
    let strata = (0..<60).map { tissue.stratum(split: "train", index: $0) }
    #expect(strata.filter { $0 == "malignant" }.count == 30)
    for patient in 0..<20 { #expect(Set(strata[3 * patient..<3 * patient + 3]).count == 1) }
    #expect(SyntheticTissue.id(split: "train", index: 7) == "train_0007")
  }

  /// Nuclei make glands darker in red than stroma, but no threshold alone finds them.
  @Test("a threshold on colour neither finds glands nor is useless")
  func difficulty() {
    let tissue = SyntheticTissue(size: 96, seed: 21)
    var scores = [Double](repeating: 0, count: 26)
    for index in 0..<12 {
      let (image, labels) = tissue.sample(split: "train", index: index)
      for (k, threshold) in stride(from: 0, through: 250, by: 10).enumerated() {
        var (both, either) = (0, 0)
        for i in labels.labels.indices {
          let guess = Int(image.pixels[3 * i]) < threshold
          let truth = labels.labels[i] != 0
          both += guess && truth ? 1 : 0
          either += (guess ? 1 : 0) + (truth ? 1 : 0)
        }
        scores[k] += 2 * Double(both) / Double(max(1, either)) / 12
      }
    }
    #expect(0.3...0.72 ~= scores.max()!)
  }
}

@Suite("Synthetic shapes")
struct SyntheticShapesTests {
  @Test(
    "the bytes of an image do not change between releases",
    arguments: [
      (64, 1, 0, "a29aa70bd83f952c"), (64, 1, 1, "a5d203789f7a0496"),
      (33, 9, 4, "b28c64d66afbca44"),
    ])
  func bytes(size: Int, seed: UInt64, index: Int, expected: String) {
    #expect(digest(SyntheticShapes(size: size, seed: seed).sample(index)) == expected)
  }

  @Test("splits differ")
  func splits() {
    let shapes = SyntheticShapes(size: 24, seed: 1)
    #expect(shapes.sample(split: "train", index: 0) == shapes.sample(0))
    #expect(shapes.sample(split: "test", index: 0) != shapes.sample(0))
  }
}
