/// A subset divided into images to train on and images to choose the checkpoint by.
public struct HoldOut: Hashable, Sendable {
  /// In the subset's order.
  public var training: [PoolSample]
  /// In the subset's order.
  public var heldOut: [PoolSample]
  /// Whether a patient's images are on both sides, because there were fewer than two patients.
  public var sharesPatient: Bool

  /// Why a subset cannot be divided.
  public enum Problem: Error, Hashable, Sendable {
    /// Everything would be held out; `images` is the subset's size.
    case noTrainingImage(images: Int)
  }
}

extension SubsetDraw {
  /// Holds out whole patients from the end of a subset until at least max(1, round(share n)) images.
  ///
  /// With fewer than two patients the last images are held out, and `sharesPatient` is true.
  ///
  /// - Parameter share: In 0...1; shares of an image are rounded half up.
  public static func holdOut(
    of subset: [PoolSample], share: Double
  ) throws(HoldOut.Problem) -> HoldOut {
    precondition(0...1 ~= share, "a share is between 0 and 1")
    let wanted = max(1, Int((share * Double(subset.count) + 0.5).rounded(.down)))
    let patients = Dictionary(grouping: subset, by: \.patient).mapValues(\.count)
    guard subset.count > wanted else { throw .noTrainingImage(images: subset.count) }
    guard patients.count >= 2 else {
      return HoldOut(
        training: Array(subset.dropLast(wanted)), heldOut: Array(subset.suffix(wanted)),
        sharesPatient: true)
    }
    var chosen: Set<String> = []
    var count = 0
    for sample in subset.reversed() where count < wanted && !chosen.contains(sample.patient) {
      chosen.insert(sample.patient)
      count += patients[sample.patient, default: 0]
    }
    guard count < subset.count else { throw .noTrainingImage(images: subset.count) }
    return HoldOut(
      training: subset.filter { !chosen.contains($0.patient) },
      heldOut: subset.filter { chosen.contains($0.patient) }, sharesPatient: false)
  }
}
