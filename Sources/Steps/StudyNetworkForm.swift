internal import Archives
internal import Core
internal import Execution
internal import Networks

/// Which network of a study tensors are of, read off their names and shapes.
struct StudyNetworkForm: CustomStringConvertible {
  let encoder: EncoderName
  /// The factor on channel counts.
  let width: Double
  /// Whether it is a HoVer-Net; else a U-Net.
  let hasNuclei: Bool
  /// Types of nuclei, the background not counted.
  let types: Int

  var description: String {
    "\(hasNuclei ? "hovernet" : "unet") over \(encoder.rawValue)"
      + (width == 1 ? "" : ", width \(shortestDecimal(width))")
  }

  /// - Parameter width: What the study said; `nil`: the first one that gives these shapes.
  init(of tensors: [ArchivedTensor], width: Double?) throws(StepFailure) {
    hasNuclei = tensors.contains { $0.name.hasPrefix("decoder.np.") }
    types = tensors.first { $0.name == "decoder.tp.u0.conv.bias" }.map { $0.shape[0] - 1 } ?? 0
    let prefix = hasNuclei ? "backbone." : "encoder."
    let shapes = Dictionary(
      tensors.filter { $0.name.hasPrefix(prefix) }.map {
        (String($0.name.dropFirst(prefix.count)), $0.shape)
      }, uniquingKeysWith: { first, _ in first })
    let names = Set(shapes.keys)
    guard
      let encoder = EncoderName.allCases.first(where: { Set($0.keys().map(\.name)) == names }),
      encoder.resNet != nil || !hasNuclei
    else {
      throw StepFailure(
        "weights.unknown-network",
        "the weights are neither of a network that a study trains nor a published HoVer-Net",
        hint:
          "give the weights that `microtome show FILE STEP --extract DIR` writes for a training "
          + "step")
    }
    self.encoder = encoder
    let candidates = width.map { [$0] } ?? Self.widths(of: encoder, shapes)
    guard
      let fitting = candidates.first(where: { candidate in
        encoder.keys(width: candidate).allSatisfy { shapes[$0.name] == $0.shape }
      })
    else {
      throw StepFailure(
        "weights.mismatch",
        "no width gives \(encoder.rawValue) the shapes of these weights"
          + (width.map { ", \(shortestDecimal($0)) included" } ?? ""),
        hint: "give the `width:` that the study says with --width")
    }
    self.width = fitting
  }

  /// Widths that give the widest layer its channels, likeliest first. Channels are rounded to eights, so
  /// several widths mean one network.
  private static func widths(of encoder: EncoderName, _ shapes: [String: [Int]]) -> [Double] {
    let widest = encoder.keys().max { $0.shape[0] < $1.shape[0] }!
    let middle = Double(shapes[widest.name]![0]) / Double(widest.shape[0])
    let step = 1.0 / 2048
    return (0...32).map { k in
      let distance = Double((k + 1) / 2) * step
      return middle + (k.isMultiple(of: 2) ? -distance : distance)
    }.filter { $0 > 0 }
  }
}
