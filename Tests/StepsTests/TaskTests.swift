import Archives
import Core
import ManifestModel
import Networks
import Planning
import Storage
import Testing

@testable import Execution
@testable import Steps

@Suite("Tasks")
struct TaskTests {
  /// The trained tensors of a cell, by name.
  private func weights(_ manifest: String, _ cell: StepID) throws -> [String: [Float]] {
    let run = try MemoryRun(manifest)
    let digest = try #require(try run.outputs(of: cell)["weights"])
    let tensors = try Safetensors.decode(run.store.read(digest)).tensors
    return Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.values) })
  }

  private func predictions(
    _ run: MemoryRun, of initialization: String = "shapes"
  ) throws -> [(name: String, array: NPYArray)] {
    let digest = try #require(
      try run.outputs(of: StepID("x/\(initialization)/n=all/r=1/predict/tissue"))["predictions"])
    return try Tree(decoding: run.store.read(digest)).entries.map {
      ($0.name, try NPY.decode(run.store.read($0.digest)))
    }
  }

  private func measured(
    _ run: MemoryRun, _ metric: Metric, of initialization: String = "shapes"
  ) throws -> [MeasuredValues.Value] {
    let outputs = try run.outputs(of: StepID("x/\(initialization)/n=all/r=1/measure/tissue"))
    let digest = try #require(outputs["values/\(metric.fullName)"])
    return try JSON.decode(MeasuredValues.self, from: run.store.read(digest)).values
  }

  @Test(
    "every word for an encoder is a network of that name",
    arguments: ManifestModel.Encoder.allCases)
  func words(word: ManifestModel.Encoder) {
    #expect(EncoderName(word).rawValue == word.rawValue)
  }

  @Test("each decoder has the losses that name it", arguments: Loss.allCases)
  func losses(loss: Loss) {
    #expect((SegmentationLoss(loss) != nil) == (loss.decoder == .unet))
    #expect((HoVerNetLoss(loss) != nil) == (loss.decoder == .hovernet))
    #expect(Decoder.allCases.allSatisfy { $0.standardLoss.decoder == $0 })
  }

  @Test(
    "a U-Net over every encoder is pretrained, trained and measured",
    arguments: ManifestModel.Encoder.allCases)
  func encoders(encoder: ManifestModel.Encoder) throws {
    let run = try MemoryRun(SmallStudy.glands(encoder.rawValue))
    let maps = try predictions(run)
    #expect(maps.count == 2)
    #expect(maps.allSatisfy { $0.array.element == NPY.Element(.unsigned, size: 1) })
    #expect(try measured(run, .dice).count == 2)
  }

  @Test(
    "a HoVer-Net over every residual encoder gives 16-bit maps of instances",
    arguments: Decoder.hovernet.encoders)
  func nuclei(encoder: ManifestModel.Encoder) throws {
    let run = try MemoryRun(SmallStudy.nuclei(encoder.rawValue, steps: 1))
    let maps = try predictions(run)
    #expect(maps.count == 2)
    #expect(maps.allSatisfy { $0.array.element == NPY.Element(.unsigned, size: 2) })
    #expect(try measured(run, .pq).count == 2)
  }

  @Test(
    "a frozen encoder stays as it was, statistics included, and a thawed one learns",
    arguments: [(Decoder.unet, "encoder."), (.hovernet, "backbone.")])
  func freezing(decoder: Decoder, prefix: String) throws {
    func study(_ training: String) -> String {
      decoder == .unet
        ? SmallStudy.glands(training: training) : SmallStudy.nuclei(training: training)
    }
    func trained(_ training: String) throws -> [String: [Float]] {
      try weights(study(training), "x/shapes/n=all/r=1/train")
    }
    let frozen = try trained(", encoder: frozen")
    let thawed = try trained(", encoder: { frozen_for: 50% }")
    let tuned = try trained("")
    let run = try MemoryRun(study(""))
    let digest = try #require(try run.outputs(of: "shapes/resnet18@0.0625/pretrain")["encoder"])
    let first = try Safetensors.decode(run.store.read(digest)).tensors
    #expect(first.count == 100)
    for tensor in first {
      let name = prefix + tensor.name
      #expect(frozen[name] == tensor.values, "\(name)")
      #expect(thawed[name] != tensor.values && tuned[name] != tensor.values, "\(name)")
    }
    #expect(frozen.keys.contains { !$0.hasPrefix(prefix) && frozen[$0] != tuned[$0] })
    let weight = "\(prefix)layer1.0.conv1.weight"
    #expect(thawed[weight] != tuned[weight], "a phase with the decoder alone came before")
  }

  @Test("the words that are the default are no others' keys")
  func defaults() throws {
    let plain = try MemoryRun(SmallStudy.glands()).plan
    let spelled = try MemoryRun(
      SmallStudy.glands(training: ", encoder: fine-tuned, loss: bce-soft-dice")
    ).plan
    #expect(plain.encoded == spelled.encoded)
    #expect(plain.studyDigest == spelled.studyDigest)
    #expect(!plain.encoded.contains("training.encoder") && !plain.encoded.contains("objects."))
  }

  /// Twice one phase and once the next: interrupted before, at and after the thaw.
  @Test("training that goes on from a checkpoint gives the same bytes", arguments: 1...3)
  func resuming(interruption: Int) throws {
    let manifest = SmallStudy.nuclei(
      steps: 4,
      training: ", encoder: { frozen_for: 50% }, augmentation: hovernet, schedule: { cosine: {} }",
      selection: "{ holdout: 25%, metric: pq, every: 2 }")
    let cell: StepID = "x/random/n=all/r=1/train"
    let whole = try MemoryRun(manifest).outputs(of: cell)
    let run = try MemoryRun(manifest)
    var first = try TrainingSession(run.context(of: cell))
    for _ in 0..<interruption { try first.advance() }
    try first.save()
    let context = try run.context(of: cell, threads: 2)
    var second = try TrainingSession(context)
    try second.resume()
    #expect(second.step == interruption)
    while second.step < second.steps { try second.advance() }
    try second.finish()
    #expect(MemoryRun.outputs(of: context) == whole)
  }

  @Test(
    "selection looks at the hold-out by loss and by quality", arguments: ["loss", "dice", "pq"])
  func selection(metric: String) throws {
    let run = try MemoryRun(
      SmallStudy.nuclei(selection: "{ holdout: 25%, metric: \(metric), every: 1 }"))
    let digest = try #require(try run.outputs(of: "x/random/n=all/r=1/train")["curves"])
    let curves = try JSON.decode(TrainingCurves.self, from: run.store.read(digest))
    #expect(curves.metric == metric)
    #expect(curves.validation.count == 2)
  }

  /// A threshold above every area leaves no object, and pixels are not touched by it.
  @Test("the rule for objects changes metrics of objects and no others")
  func objects() throws {
    func values(_ objects: String, _ metric: Metric) throws -> [MeasuredValues.Value] {
      let more = "\(objects)metrics: [dice, pq, object_f1, object_hausdorff]"
      return try measured(MemoryRun(SmallStudy.glands(more: more)), metric)
    }
    let none = "objects: { minimum_size: 100000, fill_holes: true }\n    "
    #expect(try values("", .dice) == values(none, .dice))
    #expect(try values(none, .pq).allSatisfy { $0.value == 0 })
    let distances = try values(none, .objectHausdorff)
    #expect(distances.allSatisfy { $0.value == nil && $0.reason?.isEmpty == false })
  }

  @Test("types that the dataset does not have are refused before training")
  func noTypes() throws {
    let manifest = SmallStudy.manifest(
      task: "nuclei-instance-segmentation",
      model: "encoder: resnet18, decoder: hovernet, width: 0.0625, types: 3")
    let error = #expect(throws: StepFailure.self) {
      try MemoryRun(manifest).outputs(of: "x/random/n=all/r=1/train")
    }
    #expect(error?.problems.first?.code == "data.other-types")
  }
}
