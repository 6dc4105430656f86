internal import Core
internal import Learning

/// Three linear layers, the first two with batch normalisation and rectification.
///
/// Keys are those of the published code's `nn.Sequential`: `projector.0`, `.1`, `.3`, `.4`, `.6`;
/// the linear layers have no biases.
struct Projector {
  let parameters: ParameterSet
  private let linears: [LinearLayer]
  private let norms: [NormalisationLayer]

  init(inputs: Int, width: Int, on engine: Engine) {
    let keys: [(name: String, shape: [Int])] =
      [("projector.0.weight", [width, inputs])]
      + NormalisationLayer.keys("projector.1", channels: width)
      + [("projector.3.weight", [width, width])]
      + NormalisationLayer.keys("projector.4", channels: width)
      + [("projector.6.weight", [width, width])]
    let parameters = ParameterSet(keys, on: engine)
    self.parameters = parameters
    linears = [0, 3, 6].map { LinearLayer("projector.\($0)", in: parameters) }
    norms = [1, 4].map { NormalisationLayer("projector.\($0)", in: parameters) }
  }

  func initialise(seed: UInt64) {
    for parameter in parameters.all {
      let scheme: Initialisation =
        if parameter.shape.count == 2 {
          .uniform(fanIn: parameter.shape[1])
        } else {
          .constant(
            parameter.name.hasSuffix("weight") || parameter.name.hasSuffix("running_var") ? 1 : 0)
        }
      let stream = RandomStream(
        seed: seed, purpose: "projector-weights", replicate: 0, key: parameter.name)
      parameter.initialise(scheme, from: stream)
    }
  }

  func forward(_ x: Tensor, on tape: Tape) -> Tensor {
    var current = x
    for (linear, norm) in zip(linears, norms) {
      current = tape.normalise(tape.linear(current, linear), norm, rectify: true)
    }
    return tape.linear(current, linears[2])
  }
}
