internal import Tiles

/// A normalisation that is applied to values as they are read: `(x - centre) · scale + shift`.
public struct AppliedNormalisation {
  /// One value for each channel, as the others; 64 bytes behind the end are readable.
  public var centre: UnsafePointer<Float>
  public var scale: UnsafePointer<Float>
  public var shift: UnsafePointer<Float>
  /// Whether negative results become zero.
  public var rectifies: Bool

  public init(
    centre: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
    rectifies: Bool
  ) {
    self.centre = centre
    self.scale = scale
    self.shift = shift
    self.rectifies = rectifies
  }

  /// The same for the channels from `first`.
  func from(_ first: Int) -> AppliedNormalisation {
    AppliedNormalisation(
      centre: centre + first, scale: scale + first, shift: shift + first, rectifies: rectifies)
  }

  var lazy: LazyNormalisation {
    LazyNormalisation(centre: centre, scale: scale, shift: shift, rectifies: rectifies)
  }

  /// A vector of channels from `c`, of which `count` are real.
  @inline(__always)
  func apply(_ x: Lanes, _ c: Int, _ count: Int) -> Lanes {
    let y = load(shift + c, count) + (x - load(centre + c, count)) * load(scale + c, count)
    return rectifies ? rectified(y) : y
  }
}

/// A stretch of a convolution's input channels. Those that are doubled come first.
public struct ImageSource {
  /// `[batch, height, width, channels]`, with 64 readable bytes behind its end.
  public var pointer: UnsafePointer<Float>
  public var channels: Int
  /// Whether it is half as high and wide as the image, and each pixel counts four times.
  public var isDoubled: Bool
  /// What makes the values that are convolved of those in memory; zeros around stay zeros.
  public var normalisation: AppliedNormalisation?
  /// Floats from one pixel to the next.
  var pixelStride: Int

  public init(
    _ pointer: UnsafePointer<Float>, channels: Int, isDoubled: Bool = false,
    normalisation: AppliedNormalisation? = nil
  ) {
    self.pointer = pointer
    self.channels = channels
    self.isDoubled = isDoubled
    self.normalisation = normalisation
    pixelStride = channels
  }

  /// Some of its channels.
  func part(_ range: Range<Int>) -> ImageSource {
    var part = self
    part.pointer += range.lowerBound
    part.channels = range.count
    part.normalisation = normalisation?.from(range.lowerBound)
    return part
  }
}

/// Where a stretch of channels of a convolution's input gradient goes. Those that are halved come first.
public struct ImageTarget {
  public var pointer: UnsafeMutablePointer<Float>
  public var channels: Int
  /// Whether it is half as high and wide, and four pixels are summed.
  public var isHalved: Bool
  public var accumulate: Bool
  /// Floats from one pixel to the next.
  var pixelStride: Int

  public init(
    _ pointer: UnsafeMutablePointer<Float>, channels: Int, isHalved: Bool = false,
    accumulate: Bool = false
  ) {
    self.pointer = pointer
    self.channels = channels
    self.isHalved = isHalved
    self.accumulate = accumulate
    pixelStride = channels
  }

  /// Some of its channels.
  func part(_ range: Range<Int>) -> ImageTarget {
    var part = self
    part.pointer += range.lowerBound
    part.channels = range.count
    return part
  }
}

extension [ImageSource] {
  /// Channels that are doubled, all before the others.
  var doubledChannels: Int {
    let others = drop(while: \.isDoubled)
    precondition(!others.contains(where: \.isDoubled), "doubled sources come first")
    return prefix(count - others.count).reduce(0) { $0 + $1.channels }
  }
}

extension [ImageTarget] {
  /// Channels that are halved, all before the others.
  var halvedChannels: Int {
    let others = drop(while: \.isHalved)
    precondition(!others.contains(where: \.isHalved), "halved targets come first")
    return prefix(count - others.count).reduce(0) { $0 + $1.channels }
  }

  /// The parts of the targets that lie in a stretch of all their channels.
  func parts(_ range: Range<Int>) -> [ImageTarget] {
    var first = 0
    return compactMap { target in
      let own = range.clamped(to: first..<(first + target.channels))
      defer { first += target.channels }
      return own.isEmpty ? nil : target.part((own.lowerBound - first)..<(own.upperBound - first))
    }
  }
}

/// Calls `body` with sources as Winograd's form reads them: a patch of a doubled image begins with the
/// second pixel of a pair, so that with other padding than one a copy takes its place.
func withPaired(
  _ sources: [ImageSource], of shape: ConvolutionShape, on context: KernelContext,
  _ body: ([ImageSource]) -> Void
) {
  if sources.doubledChannels == 0 || shape.padding == 1 { return body(sources) }
  withJoined(sources, of: shape, on: context) {
    body([ImageSource($0, channels: shape.inputChannels)])
  }
}

/// Calls `body` with a convolution's whole input: the only source as it stands, or a copy of all.
func withJoined(
  _ sources: [ImageSource], of shape: ConvolutionShape, on context: KernelContext,
  _ body: (UnsafePointer<Float>) -> Void
) {
  precondition(sources.reduce(0) { $0 + $1.channels } == shape.inputChannels)
  if sources.count == 1, !sources[0].isDoubled, sources[0].normalisation == nil {
    return body(sources[0].pointer)
  }
  let joined = context.buffers.take(shape.inputCount)
  let start = joined.pointer
  let (H, W, C) = (shape.height, shape.width, shape.inputChannels)
  context.workers.forEach(chunks: shape.batch * H) { row in
    var first = 0
    for source in sources {
      let shift = source.isDoubled ? 1 : 0
      let line =
        source.pointer
        + ((row / H * (H >> shift)) + (row % H) >> shift) * (W >> shift) * source.channels
      for w in 0..<W {
        let pixel = line + (w >> shift) * source.channels
        let target = start + (row * W + w) * C + first
        forEachEight(of: source.channels) { c, lanes in
          let value = load(pixel + c, lanes)
          store(
            source.normalisation.map { $0.apply(value, c, lanes) } ?? value, to: target + c, lanes)
        }
      }
      first += source.channels
    }
  }
  withExtendedLifetime(joined) { body(joined.pointer) }
}

/// Takes the gradient of a joined input apart: channels are dealt out, and four pixels of those that
/// were doubled are summed.
func split(
  _ joined: UnsafePointer<Float>, of shape: ConvolutionShape, into targets: [ImageTarget],
  on workers: WorkerPool
) {
  let (H, W, C) = (shape.height, shape.width, shape.inputChannels)
  var first = 0
  for target in targets {
    let shift = target.isHalved ? 1 : 0
    let channels = target.channels
    let result = GradientTarget(target.pointer, accumulate: target.accumulate)
    let offset = first
    workers.forEach(chunks: shape.batch * H >> shift) { row in
      for w in 0..<W >> shift {
        let source = joined + ((row << shift) * W + w << shift) * C + offset
        let place = (row * (W >> shift) + w) * channels
        forEachEight(of: channels) { c, lanes in
          var value = load(source + c, lanes)
          if target.isHalved {
            let below = source + W * C + c
            value =
              (value + load(source + C + c, lanes)) + (load(below, lanes) + load(below + C, lanes))
          }
          result.put(value, at: place + c, lanes)
        }
      }
    }
    first += channels
  }
}
