internal import Core
internal import Imaging

/// Looks for images that are there twice, and patients whose images are in two splits.
///
/// Within one dataset; what datasets have in common is found when a study joins them. Messages name
/// samples and never patients.
struct LeakageWatch {
  private var samples: [Digest: (id: String, split: String)] = [:]
  private var twins: [(first: (id: String, split: String), second: (id: String, split: String))] =
    []
  /// The first image of each patient in each split.
  private var patients: [String: [String: String]] = [:]

  /// Notes a sample with its own pixels, before any resampling.
  mutating func add(_ sample: ImportedSample, patient: String?) {
    let size = "\(sample.image.width) x \(sample.image.height)"
    let hash = SHA256.digest(of: Array(size.utf8) + sample.image.pixels)
    let here = (id: sample.id, split: sample.split)
    if let first = samples[hash] { twins.append((first, here)) } else { samples[hash] = here }
    if let patient, patients[patient]?[sample.split] == nil {
      patients[patient, default: [:]][sample.split] = sample.id
    }
  }

  /// What was found: at most one problem for twins and one for each pair of splits.
  func problems(severity: Diagnostic.Severity) -> [DatasetProblem] {
    var problems: [DatasetProblem] = []
    if !twins.isEmpty {
      let named = twins.map {
        "`\($0.second.id)` (\($0.second.split)) is `\($0.first.id)` (\($0.first.split))"
      }
      problems.append(
        DatasetProblem(
          severity: severity, code: "dataset.image-twice", file: "",
          message: "\(twins.count) \(twins.count == 1 ? "image is" : "images are") there twice,"
            + " pixel for pixel: \(named.listed())",
          hint: "remove one of each pair"))
    }
    var shared: [[String]: [String]] = [:]
    for (_, splits) in patients.sorted(by: { $0.key < $1.key }) where splits.count > 1 {
      let names = splits.keys.sorted()
      for (i, first) in names.enumerated() {
        for second in names[(i + 1)...] {
          shared[[first, second], default: []].append(
            "that of `\(splits[first]!)` and `\(splits[second]!)`")
        }
      }
    }
    for (splits, named) in shared.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      problems.append(
        DatasetProblem(
          severity: severity, code: "dataset.patient-in-two-splits", file: "",
          message: "\(named.count) \(named.count == 1 ? "patient has" : "patients have") images in"
            + " both `\(splits[0])` and `\(splits[1])`: \(named.listed())",
          hint: severity == .error
            ? "use splits that keep patients apart, or write `leakage: warn`"
            : "report the test as one on known patients, or write `leakage: refuse`"))
    }
    return problems
  }
}
