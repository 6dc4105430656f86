public import Learning
public import TensorKernels

/// HoVer-Net's loss: classes by cross-entropy and soft Dice, distances by their squared error and that of
/// their gradients inside nuclei (Graham et al., MedIA 2019).
///
/// The published code's cross-entropy takes no probability for less than 1e-7 (`xentropy_loss`); here
/// it is that of the logits, without a limit.
public struct HoVerNetLoss: Hashable, Sendable {
  /// Factors of the other terms, cross-entropy's being 1; the published code has 1 for all, the paper 2
  /// for gradients, MONAI 2 for squared errors.
  public var dice = 1.0
  public var squaredError = 1.0
  public var gradientError = 1.0
  /// How distances are differentiated; published networks were trained with `exchanged`.
  public var axes: GradientAxes

  public init(axes: GradientAxes) { self.axes = axes }

  /// As the published code has it: x distances are differentiated along y, and y distances along x.
  public static let published = HoVerNetLoss(axes: .exchanged)
  /// As the paper has it: each distance is differentiated along its own axis.
  public static let aligned = HoVerNetLoss(axes: .aligned)

  /// What a batch should be; all row-major, `[N, H, W]` or `[N, H, W, 2]`.
  public struct Targets {
    /// 1 where a pixel belongs to a nucleus.
    public var nuclei: [Float]
    /// Along x and along y, in -1...1.
    public var distances: [Float]
    /// The type of each pixel, 0 for background; not read where the network has none.
    public var types: [Float]

    public init(nuclei: [Float], distances: [Float], types: [Float] = []) {
      self.nuclei = nuclei
      self.distances = distances
      self.types = types
    }
  }

  /// The terms, with their factors, of one batch.
  public struct Terms: Hashable, Sendable {
    public var nuclei: Double
    public var distances: Double
    public var types: Double

    public var total: Double { nuclei + distances + types }
  }

  /// Computes the loss and leaves its gradient at the outputs.
  public func callAsFunction(
    _ outputs: HoVerNet.Outputs, _ targets: Targets, on tape: Tape
  ) -> Terms {
    func tensor(_ values: [Float]) -> Tensor {
      tape.engine.tensor(values, shape: [values.count])
    }
    let terms = terms(
      outputs, nuclei: tensor(targets.nuclei), distances: tensor(targets.distances),
      types: outputs.types.map { _ in tensor(targets.types) }, on: tape)
    return Terms(
      nuclei: terms.nuclei.value, distances: terms.distances.value, types: terms.types?.value ?? 0)
  }

  /// The sum of the terms, of targets that are tensors: it can be recorded.
  func total(
    _ outputs: HoVerNet.Outputs, nuclei: Tensor, distances: Tensor, types: Tensor?, on tape: Tape
  ) -> LossValue {
    let terms = terms(outputs, nuclei: nuclei, distances: distances, types: types, on: tape)
    let sum = terms.nuclei + terms.distances
    return terms.types.map { sum + $0 } ?? sum
  }

  private func terms(
    _ outputs: HoVerNet.Outputs, nuclei: Tensor, distances: Tensor, types: Tensor?, on tape: Tape
  ) -> (nuclei: LossValue, distances: LossValue, types: LossValue?) {
    let nucleusTerm = classes(outputs.nuclei, nuclei, tape)
    let distanceTerm =
      tape.meanSquaredError(outputs.distances, targets: distances, weight: squaredError)
      + tape.distanceGradientError(
        outputs.distances, targets: distances, focus: nuclei, axes: axes, weight: gradientError)
    guard let logits = outputs.types, let types else { return (nucleusTerm, distanceTerm, nil) }
    return (nucleusTerm, distanceTerm, classes(logits, types, tape))
  }

  private func classes(_ logits: Tensor, _ labels: Tensor, _ tape: Tape) -> LossValue {
    tape.crossEntropy(logits, labels: labels)
      + tape.softmaxDice(logits, labels: labels, weight: dice)
  }
}
