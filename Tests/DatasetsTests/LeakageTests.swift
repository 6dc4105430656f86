import Core
import Imaging
import Testing

@testable import Datasets

@Suite("Leakage at import")
struct LeakageTests {
  @Test("patients in two splits are a warning that names images and no patient")
  func patients() throws {
    let (samples, problems) = try glas().run(DatasetRequest(format: .glas))
    #expect(samples.count == 5)
    #expect(
      problems.map { "\($0.severity) \($0.code)" } == ["warning dataset.patient-in-two-splits"])
    #expect(
      problems.first?.message
        == "1 patient has images in both `testA` and `train`: that of `testA_1` and `train_1`")
  }

  @Test("an image that is there twice is found whatever its file format")
  func twins() throws {
    var disk = glas()
    disk.files["Grade.csv"] = nil
    disk.files["testB_7.png"] = PNG.encode(picture(width: 12, height: 10, gland: 1).image)
    disk.files["testB_7_anno.bmp"] = disk.files["train_1_anno.bmp"]
    let problems = try disk.run(DatasetRequest(format: .glas)).problems
    #expect(problems.map { "\($0.severity) \($0.code)" } == ["warning dataset.image-twice"])
    #expect(
      problems.first?.message
        == "1 image is there twice, pixel for pixel: `train_1` (train) is `testB_7` (testB)")
  }

  @Test("`leakage: refuse` makes errors of both")
  func refused() throws {
    var disk = glas()
    disk.files["testB_1.bmp"] = disk.files["train_1.bmp"]
    disk.files["testB_1_anno.bmp"] = disk.files["train_1_anno.bmp"]
    let request = DatasetRequest(format: .glas, refusesLeakage: true)
    #expect(
      try disk.run(request).problems.map { "\($0.severity) \($0.code)" } == [
        "error dataset.image-twice", "error dataset.patient-in-two-splits",
      ])
  }

  @Test("patients that stay in one split are nothing to say")
  func apart() throws {
    var disk = glas()
    disk.files["testA_1.bmp"] = nil
    disk.files["testA_1_anno.bmp"] = nil
    disk.files["Grade.csv"] = Array(
      "name,patient ID\ntestB_1,9\ntrain_1,4\ntrain_2,7\ntrain_10,4\n".utf8)
    #expect(try disk.run(DatasetRequest(format: .glas, refusesLeakage: true)).problems == [])
  }
}
