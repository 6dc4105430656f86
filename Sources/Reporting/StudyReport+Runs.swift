public import Core

/// A number reached after so many optimiser steps.
public struct CurvePoint: Hashable, Sendable {
  public var step: Int
  public var value: Double

  public init(step: Int, value: Double) {
    self.step = step
    self.value = value
  }
}

/// How the training of one cell went.
public struct TrainingCurve: Hashable, Sendable {
  public var experiment: String
  public var initialization: String
  public var size: String
  /// The number of labelled images that the size means.
  public var images: Int
  public var replicate: Int
  /// Ascending by step.
  public var loss: [CurvePoint]
  /// On the hold-out, ascending by step; empty where nothing is held out.
  public var validation: [CurvePoint]
  /// What `validation` measures: `dice` or `loss`.
  public var validationMetric: String
  /// The step whose weights were kept.
  public var selectedStep: Int
  public var lastStep: Int

  public init(
    experiment: String, initialization: String, size: String, images: Int, replicate: Int,
    loss: [CurvePoint], validation: [CurvePoint], validationMetric: String, selectedStep: Int,
    lastStep: Int
  ) {
    self.experiment = experiment
    self.initialization = initialization
    self.size = size
    self.images = images
    self.replicate = replicate
    self.loss = loss
    self.validation = validation
    self.validationMetric = validationMetric
    self.selectedStep = selectedStep
    self.lastStep = lastStep
  }

  /// Whether the best checkpoint was the last one looked at: longer training might have been better.
  var selectedTheLast: Bool { !validation.isEmpty && selectedStep >= lastStep }
}

/// How one self-supervised pretraining went.
public struct PretrainingCurve: Hashable, Sendable {
  public var initialization: String
  /// One phrase: method, dataset, augmentation, length.
  public var description: String
  /// Ascending by step.
  public var loss: [CurvePoint]

  public init(initialization: String, description: String, loss: [CurvePoint]) {
    self.initialization = initialization
    self.description = description
    self.loss = loss
  }
}

/// What became of the tensors of an initialization's weights.
public struct LoadReport: Hashable, Sendable {
  /// The source of an initialization that loads nothing.
  public static let none = "random"

  public var initialization: String
  /// The file's name or the step that made the weights; `none` where nothing is loaded.
  public var source: String
  public var normalization: String
  /// How many encoder tensors took the weights' values.
  public var matched: Int
  /// Encoder tensors that the weights lack, in order.
  public var missing: [String]
  /// Tensors of the weights that the encoder lacks, in order.
  public var unexpected: [String]
  /// The share of the encoder's parameters that were filled, 0...1.
  public var share: Double

  public init(
    initialization: String, source: String, normalization: String, matched: Int,
    missing: [String], unexpected: [String], share: Double
  ) {
    self.initialization = initialization
    self.source = source
    self.normalization = normalization
    self.matched = matched
    self.missing = missing
    self.unexpected = unexpected
    self.share = share
  }
}

/// One split of one dataset as imported.
public struct DatasetRow: Hashable, Sendable {
  /// How many images one stratum has.
  public struct Stratum: Hashable, Sendable {
    public var name: String
    public var images: Int

    public init(name: String, images: Int) {
      self.name = name
      self.images = images
    }
  }

  public var name: String
  public var format: String
  public var split: String
  public var images: Int
  public var patients: Int
  public var strata: [Stratum]
  /// Image sizes in pixels, in words: `128 x 128` or `567 x 430 to 775 x 522`.
  public var sizes: String
  /// Labelled objects; `nil` for unlabelled images.
  public var objects: Int?
  /// Micrometres per pixel; `nil` where nobody says.
  public var pixelSize: Double?
  /// Of the dataset's listing of relative names and digests.
  public var listing: Digest

  public init(
    name: String, format: String, split: String, images: Int, patients: Int,
    strata: [Stratum] = [], sizes: String, objects: Int? = nil, pixelSize: Double? = nil,
    listing: Digest
  ) {
    self.name = name
    self.format = format
    self.split = split
    self.images = images
    self.patients = patients
    self.strata = strata
    self.sizes = sizes
    self.objects = objects
    self.pixelSize = pixelSize
    self.listing = listing
  }
}

/// A picture of a prediction over its image, made by a step.
public struct Overlay: Hashable, Sendable {
  /// What is shown, without the image's id: `gland, n = 8, pathology, replicate 1, glas/testA`.
  public var caption: String
  /// Why this image: `worst of 12 by dice.image_mean.v1: 0.431`; `nil` where nobody chose.
  public var choice: String?
  /// The image's id, shown plain or hashed as the study says; `nil` for a picture of several.
  public var image: String?
  public var png: [UInt8]

  public init(caption: String, choice: String? = nil, image: String?, png: [UInt8]) {
    self.caption = caption
    self.choice = choice
    self.image = image
    self.png = png
  }
}

/// Where one step's outputs came from.
public struct ProvenanceRow: Hashable, Sendable {
  /// One named output.
  public struct Output: Hashable, Sendable {
    public var name: String
    public var digest: Digest

    public init(name: String, digest: Digest) {
      self.name = name
      self.digest = digest
    }
  }

  public var step: String
  public var kind: String
  public var version: Int
  public var key: Digest
  public var outputs: [Output]

  public init(step: String, kind: String, version: Int, key: Digest, outputs: [Output]) {
    self.step = step
    self.kind = kind
    self.version = version
    self.key = key
    self.outputs = outputs
  }
}
