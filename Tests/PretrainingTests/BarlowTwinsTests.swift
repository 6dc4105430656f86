import Learning
import Networks
import Pretraining
import TensorKernels
import Testing

@Suite("Barlow Twins")
struct BarlowTwinsTests {
  /// The rule of golden/README.md: u of `dev/NAME`, in [-1, 1).
  private func uniform(_ name: String, count: Int) -> [Float] {
    let hash = "dev/\(name)".utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
    }
    return (1...count).map { i in
      var z = hash &+ UInt64(i) &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      return Float(z >> 40) * 0x1p-23 - 1
    }
  }

  /// golden/engine.json, `ssl_losses`, first row: a, b of 8 rows and 16 columns, λ = 5e-3.
  @Test("the loss and its gradients are PyTorch's")
  func loss() throws {
    let engine = Engine()
    let tape = Tape(.training, on: engine)
    let a = tape.track(uniform("ssl/a", count: 128), shape: [8, 16])
    let b = tape.track(uniform("ssl/b", count: 128), shape: [8, 16])
    let loss = tape.redundancyReduction(a, b, lambda: 5e-3).value
    #expect((loss / 18.335548400878906 - 1).magnitude < 1e-5)
    for (tensor, expected) in [(a, 5.5900409502887545), (b, 5.624102489383718)] {
      let gradient = try #require(tensor.gradientArray)
      let norm = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect((norm / expected - 1).magnitude < 1e-4)
    }
  }

  private func views(_ salt: String) -> [Float] { uniform("view/\(salt)", count: 8 * 32 * 32 * 3) }

  private func make(seed: UInt64 = 3, threads: Int = 1) -> BarlowTwins {
    BarlowTwins(width: 0.125, projection: 32, seed: seed, threads: threads)
  }

  @discardableResult
  private func train(_ learner: BarlowTwins, steps: Int) throws -> [Double] {
    let a = views("a")
    let b = zip(a, views("b")).map { 0.9 * $0 + 0.1 * $1 }
    return try (0..<steps).map { _ in
      try learner.step(viewA: a, viewB: b, batch: 8, side: 32, learningRate: 3e-3)
    }
  }

  @Test("views of the same images come to agree")
  func learns() throws {
    let losses = try train(make(), steps: 8)
    #expect(losses[7] < losses[0] * 0.9)
  }

  @Test("steps that are run again have the bits of first ones")
  func runAgain() throws {
    let learner = make()
    let losses = try train(learner, steps: 4)
    var saved = make().checkpoint()
    for loss in losses {
      let fresh = make(threads: 2)
      try fresh.restore(saved)
      #expect(try train(fresh, steps: 1) == [loss])
      saved = fresh.checkpoint()
    }
    #expect(saved == learner.checkpoint())
  }

  @Test("has the same bits at 1, 2 and 4 threads")
  func threads() throws {
    let runs = try [1, 2, 4].map { threads in
      let learner = make(threads: threads)
      try train(learner, steps: 2)
      return learner.checkpoint()
    }
    #expect(runs[0] == runs[1] && runs[0] == runs[2])
  }

  @Test("goes on from a checkpoint with the same bits")
  func resumes() throws {
    let whole = make()
    try train(whole, steps: 2)
    let saved = whole.checkpoint()
    let expected = try train(whole, steps: 2)
    let resumed = make(seed: 9)
    try resumed.restore(saved)
    #expect(resumed.steps == 2)
    #expect(try train(resumed, steps: 2) == expected)
    #expect(resumed.checkpoint() == whole.checkpoint())
  }

  @Test("its encoder is a segmentation network's")
  func export() throws {
    let learner = make()
    try train(learner, steps: 1)
    let network = SegmentationNetwork(encoderWidth: 0.125, seed: 1, replicate: 0)
    try network.loadEncoder(learner.exportEncoder())
    #expect(learner.exportEncoder().count == EncoderName.resNet18.keys(width: 0.125).count)
  }
}
