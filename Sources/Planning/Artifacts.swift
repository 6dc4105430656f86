public import Core

// The formats of the outputs that steps hand to one another and to the report. They stand beside the
// kinds of step that give them, because the one who writes and those who read agree on them here.

/// The images of one split: outputs `images/SPLIT` and, with labels, `split/SPLIT` of a dataset.
///
/// Whoever reads only images reads `images/SPLIT`: a corrected mask then re-runs no inference.
public struct SplitIndex: Hashable, Sendable, Codable {
  public struct Sample: Hashable, Sendable, Codable {
    public var id: String
    public var patient: String
    public var width: Int
    public var height: Int
    /// Micrometres; absent where nobody knows.
    public var pixelSize: Double?
    /// An NPY array of UInt8, [height, width, 3].
    public var image: Digest
    public var stratum: String?
    /// An NPY array of UInt16, [height, width]; 0 is background.
    public var labels: Digest?
    /// How many labelled objects there are.
    public var objects: Int?
    /// The class of object `i + 1` of the labels, from 1; absent where the format has no classes.
    /// Resampling can lose an object's last pixel; its class stays in the list.
    public var objectClasses: [Int]?

    public init(
      id: String, patient: String, width: Int, height: Int, pixelSize: Double?, image: Digest,
      stratum: String?, labels: Digest?, objects: Int?, objectClasses: [Int]? = nil
    ) {
      self.id = id
      self.patient = patient
      self.width = width
      self.height = height
      self.pixelSize = pixelSize
      self.image = image
      self.stratum = stratum
      self.labels = labels
      self.objects = objects
      self.objectClasses = objectClasses
    }
  }

  public var split: String
  /// In the order of their ids.
  public var samples: [Sample]
  /// The names of the object classes 1, 2, ...; absent where the format has none.
  public var classes: [String]?

  public init(split: String, samples: [Sample], classes: [String]? = nil) {
    self.split = split
    self.samples = samples
    self.classes = classes
  }

  /// The images that another split has too, with their names there, in the order of their ids.
  ///
  /// An image is known by the digest of its pixels as they were imported, so renaming and re-encoding
  /// hide nothing; the same image brought to two pixel sizes is not found.
  public func images(alsoIn other: SplitIndex) -> [(here: String, there: String)] {
    let known = Dictionary(
      other.samples.map { ($0.image, $0.id) }, uniquingKeysWith: { first, _ in first })
    return samples.compactMap { sample in known[sample.image].map { (sample.id, $0) } }
  }

  /// What a reader of images alone sees: no labels, and nobody's name.
  public var withoutLabels: SplitIndex {
    SplitIndex(
      split: split,
      samples: samples.map { sample in
        var sample = sample
        (sample.stratum, sample.labels, sample.objects) = (nil, nil, nil)
        (sample.patient, sample.pixelSize, sample.objectClasses) = ("", nil, nil)
        return sample
      })
  }
}

/// Images that should not meet: output `shared` of a leakage step, which fails if there are any.
public struct SharedImages: Hashable, Sendable, Codable {
  public var images: [String]

  public init(images: [String] = []) { self.images = images }
}

/// Which images train a cell and which are held out: output `subset` of a subset step.
public struct Subset: Hashable, Sendable, Codable {
  public var training: [String]
  public var holdout: [String]

  public init(training: [String], holdout: [String]) {
    self.training = training
    self.holdout = holdout
  }
}

/// What a subset's declared size came to: output `size` of a subset step.
public struct SubsetCount: Hashable, Sendable, Codable {
  public var images: Int
  public var pool: Int

  public init(images: Int, pool: Int) {
    self.images = images
    self.pool = pool
  }
}

/// How training went: output `curves` of a training or pretraining step.
public struct TrainingCurves: Hashable, Sendable, Codable {
  public struct Point: Hashable, Sendable, Codable {
    /// Optimiser steps done.
    public var step: Int
    public var value: Double
    public init(step: Int, value: Double) {
      self.step = step
      self.value = value
    }
  }
  /// The mean training loss since the point before.
  public var loss: [Point]
  /// The selection metric on the hold-out; empty without one.
  public var validation: [Point]
  /// What `validation` shows: `dice` or `loss`; absent without a hold-out.
  public var metric: String?
  /// The optimiser step whose weights were kept, and the last one.
  public var selected: Int
  public var last: Int

  public init(
    loss: [Point], validation: [Point], metric: String?, selected: Int, last: Int
  ) {
    self.loss = loss
    self.validation = validation
    self.metric = metric
    self.selected = selected
    self.last = last
  }
}

/// One metric of one prediction: output `values/METRIC` of a measuring step.
public struct MeasuredValues: Hashable, Sendable, Codable {
  public struct Value: Hashable, Sendable, Codable {
    /// `*` for a metric of the whole test set.
    public var image: String
    public var patient: String
    /// Absent where the metric is undefined; then there is a reason.
    public var value: Double?
    public var reason: String?
    public init(image: String, patient: String, value: Double?, reason: String?) {
      self.image = image
      self.patient = patient
      self.value = value
      self.reason = reason
    }
  }
  /// The full name, with variant and version.
  public var metric: String
  public var values: [Value]

  public init(metric: String, values: [Value]) {
    self.metric = metric
    self.values = values
  }
}

/// Which images were drawn, and why these: output `choice` of an overlaying step.
public struct OverlayChoice: Hashable, Sendable, Codable {
  /// Where an image stands among those of its test set.
  public enum Role: String, Hashable, Sendable, Codable {
    case worst, median, best
    /// There is no other.
    case only
  }

  public struct Image: Hashable, Sendable, Codable {
    public var image: String
    /// Absent where images are the first by id.
    public var role: Role?
    public var value: Double?

    public init(image: String, role: Role? = nil, value: Double? = nil) {
      self.image = image
      self.role = role
      self.value = value
    }
  }

  /// The full name of the metric that was looked at; absent where none has a value for each image.
  public var metric: String?
  /// How many images have a defined value.
  public var measured: Int
  /// From worst to best, or by id.
  public var images: [Image]

  public init(metric: String?, measured: Int, images: [Image]) {
    self.metric = metric
    self.measured = measured
    self.images = images
  }
}

/// How well a published weight file fitted an encoder: output `report` of a loading step.
public struct EncoderLoad: Hashable, Sendable, Codable {
  /// How many encoder tensors took the file's values.
  public var matched: Int
  public var missing: [String]
  public var unexpected: [String]
  /// The share of the encoder's parameters that were filled.
  public var share: Double

  public init(matched: Int, missing: [String], unexpected: [String], share: Double) {
    self.matched = matched
    self.missing = missing
    self.unexpected = unexpected
    self.share = share
  }
}
