/// A convolution's parameters and geometry; the kernel's size is the weight's shape.
public struct ConvolutionLayer {
  public var weight: Parameter
  public var bias: Parameter?
  public var stride: Int
  public var padding: Int

  public init(weight: Parameter, bias: Parameter? = nil, stride: Int = 1, padding: Int = 0) {
    self.weight = weight
    self.bias = bias
    self.stride = stride
    self.padding = padding
  }
}

/// A batch normalisation's parameters and statistics, with PyTorch's constants.
public struct NormalisationLayer {
  public var weight: Parameter
  public var bias: Parameter
  public var runningMean: Parameter
  public var runningVariance: Parameter
  /// PyTorch's default.
  public static let epsilon = 1e-5
  /// The share of a batch in the running statistics; PyTorch's default.
  public static let momentum = 0.1

  /// Takes `prefix.weight`, `.bias`, `.running_mean` and `.running_var`.
  public init(_ prefix: String, in parameters: ParameterSet) {
    weight = parameters["\(prefix).weight"]
    bias = parameters["\(prefix).bias"]
    runningMean = parameters["\(prefix).running_mean"]
    runningVariance = parameters["\(prefix).running_var"]
  }

  /// Whether it runs on its running statistics in training too, and leaves them as they are.
  public var holdsStatistics: Bool { runningMean.isFrozen }

  /// The keys and shapes that `init` looks for, in PyTorch's order.
  public static func keys(_ prefix: String, channels: Int) -> [(name: String, shape: [Int])] {
    ["weight", "bias", "running_mean", "running_var"].map { ("\(prefix).\($0)", [channels]) }
  }
}

/// A linear layer's parameters: weight `[out, in]` and bias.
public struct LinearLayer {
  public var weight: Parameter
  public var bias: Parameter?

  /// Takes `prefix.weight` and, if there is one, `prefix.bias`.
  public init(_ prefix: String, in parameters: ParameterSet) {
    weight = parameters["\(prefix).weight"]
    bias = parameters.find("\(prefix).bias")
  }
}

/// A layer normalisation's parameters.
public struct LayerNormalisationLayer {
  public var weight: Parameter
  public var bias: Parameter
  /// What is added to the variance; vision transformers have 1e-6.
  public var epsilon: Double

  /// Takes `prefix.weight` and `prefix.bias`.
  public init(_ prefix: String, epsilon: Double = 1e-6, in parameters: ParameterSet) {
    weight = parameters["\(prefix).weight"]
    bias = parameters["\(prefix).bias"]
    self.epsilon = epsilon
  }

  /// The keys and shapes that `init` looks for, in PyTorch's order.
  public static func keys(_ prefix: String, channels: Int) -> [(name: String, shape: [Int])] {
    [("\(prefix).weight", [channels]), ("\(prefix).bias", [channels])]
  }
}
