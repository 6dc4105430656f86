internal import Archives
internal import Core
internal import Datasets
public import Execution
public import Imaging
internal import Networks

/// A trained network out of a weight file, for images that belong to no study.
///
/// The file is what a training step of a study gives as `weights`, or a published HoVer-Net checkpoint.
/// Which network it holds is read off names and shapes; how images are normalised the weights say.
public struct ImagePredictor {
  /// What the network is, for people: `hovernet over resnet18`.
  public let name: String
  /// Whether it predicts masks, which a rule takes apart, and not single nuclei.
  public let predictsMasks: Bool
  /// Types of nuclei, the background not counted; 0 if it tells none apart.
  public let types: Int
  /// Whether it predicts the middle of its windows alone, as published networks do.
  public let isPublished: Bool
  /// The usual window and stride: of published networks the published ones.
  public let usualWindow: (side: Int, stride: Int)
  private let content: Content
  private let normalization: Normalization

  private enum Content {
    case masks(SegmentationNetwork)
    case nuclei(NucleusNetwork)
  }

  /// - Parameters:
  ///   - bytes: A safetensors file, or what `torch.save` wrote.
  ///   - width: The factor on channel counts that the network was trained with; `nil`: as the shapes
  ///     have it.
  ///   - threads: How many threads work; the bits do not depend on it.
  public init(_ bytes: [UInt8], width: Double? = nil, threads: Int) throws(StepFailure) {
    let file: WeightFile
    do throws(ArchiveError) {
      file = try WeightFile.decode(bytes)
    } catch {
      throw StepFailure(
        "weights.unreadable", "the weight file cannot be read: \(error.statement)",
        hint: error.hint)
    }
    if let mode = try Self.publishedMode(file.tensors) {
      do throws(EncoderMismatch) {
        let network = try NucleusNetwork(published: mode, from: file.tensors, threads: threads)
        content = .nuclei(network)
        types = network.types
      } catch {
        throw StepFailure(
          "weights.mismatch", "the checkpoint does not fill HoVer-Net (\(mode.rawValue)): \(error)",
          hint: "download the checkpoint again")
      }
      name = "published hovernet, \(mode.rawValue)"
      predictsMasks = false
      isPublished = true
      usualWindow = (mode.window.input, mode.window.output)
      normalization = .bytes
      return
    }
    do {
      normalization = try Normalization(metadata: file.metadata)
      let form = try StudyNetworkForm(of: file.tensors, width: width)
      name = form.description
      predictsMasks = !form.hasNuclei
      types = form.types
      isPublished = false
      // As manifests have it where they leave it to the program: half a window.
      usualWindow = (256, 128)
      if form.hasNuclei {
        let network = NucleusNetwork(
          encoder: form.encoder.resNet!, encoderWidth: form.width, types: form.types,
          firstValues: .none, seed: 0, replicate: 0, threads: threads)
        try network.importState(file.tensors)
        content = .nuclei(network)
      } else {
        let network = SegmentationNetwork(
          encoder: form.encoder, encoderWidth: form.width, classes: 1, firstValues: .none,
          seed: 0, replicate: 0, threads: threads)
        try network.importState(file.tensors)
        content = .masks(network)
      }
    } catch let failure as StepFailure {
      throw failure
    } catch {
      throw StepFailure(
        "weights.mismatch", "the weights do not fill the network that their names mean: \(error)",
        hint: "if the network was trained with a `width:`, give it with --width")
    }
  }

  /// Why windows of a side at a distance cannot be used; `nil` if they can.
  public func problem(window: Int, stride: Int) -> (message: String, hint: String)? {
    var output = window
    if case .nuclei(let network) = content, let mode = network.mode {
      guard let middle = mode.output(ofWindow: window) else {
        let (input, side) = mode.window
        return (
          "the published network cannot take a window of \(window) pixels",
          "it takes \(input), of which it predicts \(side), and 8 more or fewer"
        )
      }
      output = middle
    } else if window < 32 || window % 32 != 0 {
      return ("a window of \(window) pixels is no multiple of 32", "give 256 or 512")
    }
    guard 1...output ~= stride else {
      return (
        "a stride of \(stride) pixels leaves gaps: \(output) are predicted of a window",
        "give a stride of at most \(output)"
      )
    }
    return nil
  }

  /// The objects of an image.
  ///
  /// - Parameters:
  ///   - id: What the image's files will be called.
  ///   - rule: Takes masks apart; not used for nuclei.
  ///   - pixelSize: The image's own in micrometres, if known.
  /// - Precondition: `problem` finds none with window and stride.
  public func objects(
    in image: RGBImage, id: String, window: Int, stride: Int, rule: ObjectRule, pixelSize: Double?
  ) throws(StepFailure) -> PredictedObjects {
    do {
      var types: [Int] = []
      let map: LabelMap?
      switch content {
      case .masks(let network):
        let prediction = WindowedPrediction(
          network: network, window: window, stride: stride, normalization: normalization)
        map = rule.objects(
          of: Mask(
            QuantizedProbability.foreground(
              try prediction.quantized(image), width: image.width, height: image.height)))
      case .nuclei(let network):
        let found = try NucleusPrediction(
          network: network, window: window, stride: stride, normalization: normalization
        ).nuclei(of: image)
        map = found?.instances
        types = found?.types ?? []
      }
      guard let map else { throw StepFailure.tooManyObjects(in: id) }
      return PredictedObjects(
        image: id, map: map, types: types,
        original: .init(width: image.width, height: image.height, pixelSize: pixelSize))
    } catch let failure as StepFailure {
      throw failure
    } catch {
      throw StepFailure(
        "predict.non-finite", "the network predicts values that are not numbers in \(id)",
        hint: "its training diverged, or the weights are damaged")
    }
  }

  /// The published HoVer-Net that tensors are of, by the encoder's own names and the kernels' size.
  private static func publishedMode(
    _ tensors: [ArchivedTensor]
  ) throws(StepFailure) -> HoVerNet.Mode? {
    guard tensors.contains(where: { $0.name.hasSuffix("d0.units.0.conv1.weight") }),
      let kernel = tensors.first(where: { $0.name.hasSuffix("decoder.np.u3.conva.weight") })
    else { return nil }
    guard let mode = kernel.shape.last.flatMap(HoVerNet.Mode.init(kernel:)) else {
      throw StepFailure(
        "weights.mismatch", "a HoVer-Net with kernels of shape \(kernel.shape) was never published",
        hint: "give a checkpoint of the fast or the original mode")
    }
    return mode
  }
}
