internal import Core
internal import ManifestModel
internal import Planning
internal import Storage

extension ReportAssembly {
  /// The pictures of every overlaying step, each with why its image was chosen.
  func overlays() throws -> [Overlay] {
    try study.experiments.flatMap { experiment in
      try experiment.subsetSizes.map(\.value).flatMap { size in
        try experiment.testSets.flatMap { test in
          try experiment.initializations.map(\.value).flatMap { name in
            try overlays(
              StepNames.test(.overlay, experiment, name, size, 1, on: test),
              caption: "\(experiment.name.value), n = \(size), \(name), replicate 1, \(test)")
          }
        }
      }
    }
  }

  private func overlays(_ id: StepID, caption: String) throws -> [Overlay] {
    guard plan[id] != nil else { return [] }
    let choice = try artifact(OverlayChoice.self, id, "choice")
    let pictures = try Tree(decoding: bytes(id, "overlays"))
    return try choice.images.map { image in
      guard let picture = pictures["\(image.image).png"] else {
        throw StoreError(.unreadable, "\(id) has no picture of an image that it chose")
      }
      return Overlay(
        caption: caption, choice: Self.words(image, of: choice), image: image.image,
        png: try store.read(picture.digest))
    }
  }

  /// Why an image is shown.
  private static func words(_ image: OverlayChoice.Image, of choice: OverlayChoice) -> String {
    guard let metric = choice.metric else {
      return "one of the first by id, since no metric of single images is measured"
    }
    guard let role = image.role else {
      return "one of the first by id, since \(metric) is undefined on every image"
    }
    let place = role == .only ? "the only image with" : "\(role.rawValue) of \(choice.measured) by"
    return "\(place) \(metric): \(Wording.value(image.value))"
  }
}
