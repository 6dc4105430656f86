internal import Core

extension Study {
  /// The dataset with a name.
  public func dataset(named name: String) -> Dataset? {
    datasets.first { $0.name.value == name }
  }

  /// The initialization with a name.
  public func initialization(named name: String) -> Initialization? {
    initializations.first { $0.name.value == name }
  }

  /// The experiment with a name.
  public func experiment(named name: String) -> Experiment? {
    experiments.first { $0.name.value == name }
  }
}

extension Dataset {
  /// Whether the pixel size of every image is known, from the format or from the study.
  public var knowsPixelSize: Bool {
    format.value.knowsPixelSize || reading.filePixelSize != nil || folder?.filePixelSize != nil
  }

  /// Whether images that a network sees and is tested on are an error.
  public var refusesLeakage: Bool { reading.leakage?.value == .refuse }
}

extension Experiment {
  /// All test sets, those in the domain first.
  public var testSets: [SplitReference] { (test + outOfDomain).map(\.value) }

  /// What predictions name, and metrics may ask for; a mask's objects are its components.
  public var prediction: Metric.Requirement { model.types == nil ? .objects : .types }
}
