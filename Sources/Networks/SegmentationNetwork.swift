public import Archives

/// A U-Net on ResNet-18 with its loss, its optimiser and its threads: what a training loop drives.
///
/// Images are normalised NHWC Float32 with 3 channels; masks are NHW, 0 or 1 (or class numbers when
/// there are several classes). Sides are multiples of 32. The bits do not depend on `threads`.
public final class SegmentationNetwork {
  public init(
    encoderWidth: Double, classes: Int = 1, loss: SegmentationLoss = .crossEntropyAndDice,
    optimiser: OptimiserRule = .adamW(), seed: UInt64, replicate: UInt64, threads: Int = 1
  ) {}

  /// Optimiser steps taken, restored steps included.
  public private(set) var steps = 0

  /// Replaces the encoder's weights and statistics by those of a torchvision state dict.
  public func loadEncoder(_ tensors: [ArchivedTensor]) throws(UnusableState) {}

  /// Takes one optimiser step and returns the loss before it; nothing changes if it throws.
  public func trainStep(
    images: [Float], masks: [Float], batch: Int, height: Int, width: Int, learningRate: Double
  ) throws(NonFinite) -> Double { 0 }

  /// Logits in NHWC, `batch * height * width * classes` of them, with running statistics.
  public func predict(images: [Float], batch: Int, height: Int, width: Int) -> [Float] { [] }

  /// The loss with running statistics; nothing is learned.
  public func evaluateLoss(
    images: [Float], masks: [Float], batch: Int, height: Int, width: Int
  ) -> Double { 0 }

  /// Weights and statistics under segmentation_models_pytorch's keys, in its order.
  public func exportState() -> [ArchivedTensor] { [] }

  /// Replaces weights and statistics by what `exportState` gave.
  public func importState(_ tensors: [ArchivedTensor]) throws(UnusableState) {}

  /// Everything a resumed run needs to go on with the same bits, as checksummed bytes.
  public func checkpoint() -> [UInt8] { [] }

  /// Goes back to a checkpoint of the same configuration.
  public func restore(_ bytes: [UInt8]) throws(MalformedCheckpoint) {}
}
public enum SegmentationLoss: Hashable, Sendable { case crossEntropy, crossEntropyAndDice }
public enum OptimiserRule: Hashable, Sendable {
  case sgd(momentum: Double = 0.9, weightDecay: Double = 1e-4, nesterov: Bool = false)
  case adam(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0)
  case adamW(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01)
}
public struct NonFinite: Error, Hashable {
  public var subject: String
  public var step: Int
  public var learningRate: Double
}
public enum UnusableState: Error, Hashable {
  case missing(key: String)
  case shape(key: String, expected: [Int], found: [Int])
  case unexpected(key: String)
}
public struct MalformedCheckpoint: Error, Hashable { public var reason: String }
public enum ResNet18 {
  /// (key, PyTorch shape) of the encoder, fc left out, in torchvision's order.
  public static func encoderKeys(width: Double) -> [(name: String, shape: [Int])] { [] }
}
