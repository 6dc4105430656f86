import Archives
import Foundation
import Imaging
import Learning
import TensorKernels
import Testing

@testable import Networks

@Suite("HoVer-Net's loss")
struct HoVerNetLossTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "ImagingTests/Fixtures/hovernet")

  /// Maps of the published code.
  private static let maps: [ArchivedTensor] = {
    let file = folder.appending(path: "hovernet_maps.safetensors")
    return try! Safetensors.decode([UInt8](Data(contentsOf: file))).tensors
  }()

  private func map(_ name: String) -> [Float] {
    Self.maps.first { $0.name == name }!.values
  }

  /// Logits whose softmax are the probabilities, no less than the published limit.
  private var logits: [Float] {
    map("nuclei_probability").flatMap { p -> [Float] in
      let limited = min(max(p, 1e-7), 1 - 1e-7)
      return [Float(log(1 - Double(limited))), Float(log(Double(limited)))]
    }
  }

  @Test("terms are the published code's on its maps")
  func figures() throws {
    let engine = Engine()
    let tape = Tape(.inference, on: engine)
    let nuclei = try truth()
    let x = engine.tensor(logits, shape: [1, 256, 256, 2])
    #expect(abs(tape.crossEntropy(x, labels: nuclei) - 0.11309073865413666) < 1e-6)
    #expect(abs(tape.softmaxDice(x, labels: nuclei) - 0.2793389558792114) < 1e-6)
    let distances = engine.tensor(map("hv_prediction_xy"), shape: [1, 256, 256, 2])
    let targets = map("hv_target_xy")
    #expect(
      abs(tape.meanSquaredError(distances, targets: targets) - 0.0025129581335932016) < 1e-8)
    let error = tape.distanceGradientError(
      distances, targets: targets, focus: nuclei, axes: .exchanged)
    #expect(abs(error - 0.011244620196521282) < 1e-7)
  }

  @Test("the loss is the sum of its terms, with their factors")
  func factors() throws {
    let engine = Engine()
    let nuclei = try truth()
    func terms(_ loss: HoVerNetLoss) -> HoVerNetLoss.Terms {
      let tape = Tape(.training, on: engine)
      let outputs = HoVerNet.Outputs(
        types: nil, nuclei: tape.track(logits, shape: [1, 256, 256, 2]),
        distances: tape.track(map("hv_prediction_xy"), shape: [1, 256, 256, 2]))
      return loss(
        outputs, .init(nuclei: nuclei, distances: map("hv_target_xy")), on: tape)
    }
    var loss = HoVerNetLoss(axes: .exchanged)
    let published = terms(loss)
    #expect(abs(published.nuclei - (0.11309073865413666 + 0.2793389558792114)) < 2e-6)
    #expect(abs(published.distances - (0.0025129581335932016 + 0.011244620196521282)) < 1e-7)
    #expect(published.types == 0)
    loss.gradientError = 2
    #expect(abs(terms(loss).distances - published.distances - 0.011244620196521282) < 1e-7)
    #expect(terms(HoVerNetLoss(axes: .aligned)).distances != published.distances)
  }

  private func truth() throws -> [Float] {
    let file = Self.folder.appending(path: "nuclei_true.png")
    return try ImageFile.labels([UInt8](Data(contentsOf: file))).labels.map { $0 == 0 ? 0 : 1 }
  }
}
