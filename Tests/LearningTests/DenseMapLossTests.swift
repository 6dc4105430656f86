import Learning
import TensorKernels
import Testing

@Suite("Losses of maps")
struct DenseMapLossTests {
  private static let (images, height, width) = (2, 5, 7)
  private static let pixels = images * height * width

  /// Central differences along a direction, against the gradient's component along it.
  private func expectSlope(
    channels: Int, _ loss: (_ x: Tensor, _ tape: Tape) -> Double
  ) throws {
    let shape = [Self.images, Self.height, Self.width, channels]
    func value(_ values: [Float]) -> (loss: Double, x: Tensor) {
      let tape = Tape(.training, on: Engine())
      let x = tape.track(values, shape: shape)
      return (loss(x, tape), x)
    }
    let count = Self.pixels * channels
    let (start, direction) = (values(count), values(count, salt: 6))
    func moved(_ sign: Float) -> Double {
      value(zip(start, direction).map { $0 + sign * 1e-2 * $1 }).loss
    }
    let gradient = try #require(value(start).x.gradientArray)
    let slope = (moved(1) - moved(-1)) / 2e-2
    let scale = norm(gradient) * norm(direction) + 1e-3
    #expect((dot(gradient, direction) - slope).magnitude / scale < 5e-3)
  }

  private let labels = (0..<pixels).map { Float($0 * 7 % 3) }
  private let focus = (0..<pixels).map { $0 % 3 == 0 ? 0 : 1 as Float }

  @Test("soft Dice has the gradient of its values")
  func dice() throws {
    try expectSlope(channels: 3) { x, tape in tape.softmaxDice(x, labels: labels, weight: 0.7) }
  }

  @Test("soft Dice adds its gradient to that of cross-entropy")
  func diceAfterCrossEntropy() throws {
    try expectSlope(channels: 3) { x, tape in
      tape.crossEntropy(x, labels: labels) + tape.softmaxDice(x, labels: labels)
    }
  }

  @Test("the error of gradients has the gradient of its values", arguments: GradientAxes.allCases)
  func gradients(axes: GradientAxes) throws {
    let targets = values(2 * Self.pixels, salt: 3)
    try expectSlope(channels: 2) { x, tape in
      tape.meanSquaredError(x, targets: targets)
        + tape.distanceGradientError(
          x, targets: targets, focus: focus, axes: axes, weight: 0.7)
    }
  }

  @Test("a map that grows along x by x alone differs in its aligned gradient only")
  func axes() {
    let engine = Engine()
    func error(_ axes: GradientAxes) -> Double {
      let (height, width) = (9, 9)
      let tape = Tape(.inference, on: engine)
      let map = (0..<2 * height * width).map { $0 % 2 == 0 ? Float($0 / 2 % width) : 0 }
      // The middle, where no kernel reaches over an edge.
      let focus = (0..<height * width).map { $0 == 4 * width + 4 ? 1 : 0 as Float }
      return tape.distanceGradientError(
        engine.tensor(map, shape: [1, height, width, 2]),
        targets: [Float](repeating: 0, count: 2 * height * width), focus: focus, axes: axes)
    }
    #expect(error(.aligned) > 1)
    #expect(error(.exchanged) < 1e-9)
  }
}
