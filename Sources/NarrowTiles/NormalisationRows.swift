// The passes of a normalisation over rows as they lie in memory; those of its gradient take a few at a
// time, so that what belongs to a channel is read once for four values. In vectors of eight lanes on a
// processor that has sixteen, instructions took longer than memory.

internal import CHints
public import Tiles

private let rowsAtOnce = 4

extension Kernels {
  public static func normalise(
    _ x: UnsafePointer<Float>, by normalisation: LazyNormalisation, channels: Int,
    rows: Range<Int>, residual: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>
  ) {
    // Row by row: the output is a stream too.
    for row in rows {
      var c = 0
      while c < channels {
        let used = channels - c
        let i = row * channels + c
        prefetch_line(x + i + 1024)
        if let residual { prefetch_line(residual + i + 1024) }
        let scale = load(normalisation.scale + c, used)
        // Taking the mean off first loses less than a shift of beta - mean * scale would.
        var value = load(x + i, used) - load(normalisation.centre + c, used)
        value = load(normalisation.shift + c, used) + value * scale
        if let residual { value += load(residual + i, used) }
        store(normalisation.rectifies ? rectify(value) : value, to: output + i, used)
        c += lanes
      }
    }
  }

  public static func addGradientSums(
    _ pass: NormalisationPass, rows: Range<Int>, to sums: UnsafeMutablePointer<Float>
  ) {
    switch pass.gate {
    case .none: add(pass, rows, sums, OpenGate())
    case .output(let y): add(pass, rows, sums, OutputGate(output: y))
    case .normalisation(let normalisation):
      add(pass, rows, sums, RepeatedGate(normalisation: normalisation))
    }
  }

  public static func spreadGradient(
    _ pass: NormalisationPass, rows: Range<Int>, by spread: GradientSpread
  ) {
    switch pass.gate {
    case .none: put(pass, rows, spread, OpenGate())
    case .output(let y): put(pass, rows, spread, OutputGate(output: y))
    case .normalisation(let normalisation):
      put(pass, rows, spread, RepeatedGate(normalisation: normalisation))
    }
  }
}

@inline(__always)
private func add<G: Gate>(
  _ pass: NormalisationPass, _ rows: Range<Int>, _ sums: UnsafeMutablePointer<Float>, _ gate: G
) {
  let (x, dy, channels) = (pass.input, pass.outputGradient, pass.channels)
  let products = sums + channels
  forEachBlock(of: rows, channels) { first, rows, c, used in
    askAhead(x, of: first + 3 * c)
    askAhead(dy, of: first + 3 * c)
    let gate = gate.lanes(at: c, used)
    gate.ask(first + 3 * c)
    let mean = load(pass.mean + c, used)
    var sum = load(sums + c, used)
    var product = load(products + c, used)
    for r in 0..<rows {
      let i = first + r * channels
      let value = load(x + i, used)
      let gradient = gate.passed(load(dy + i, used), value, i, used)
      sum += gradient
      product = product.addingProduct(gradient, value - mean)
    }
    store(sum, to: sums + c, used)
    store(product, to: products + c, used)
  }
}

@inline(__always)
private func put<G: Gate>(
  _ pass: NormalisationPass, _ rows: Range<Int>, _ spread: GradientSpread, _ gate: G
) {
  let (x, dy, channels) = (pass.input, pass.outputGradient, pass.channels)
  let (target, adds) = (spread.input, spread.addsToInput)
  let (residual, addsToResidual) = (spread.residual, spread.addsToResidual)
  forEachBlock(of: rows, channels) { first, rows, c, used in
    askAhead(x, of: first + 3 * c)
    askAhead(dy, of: first + 3 * c)
    let gate = gate.lanes(at: c, used)
    gate.ask(first + 3 * c)
    let mean = load(pass.mean + c, used)
    let scale = load(spread.scale + c, used)
    let offset = load(spread.offset + c, used)
    let slope = load(spread.slope + c, used)
    for r in 0..<rows {
      let i = first + r * channels
      let value = load(x + i, used)
      let gradient = gate.passed(load(dy + i, used), value, i, used)
      if let target {
        // A sum with a negative, since the compiler pairs two differences and mixes their lanes.
        var result = scale * (gradient + offset - (value - mean) * slope)
        if adds { result = load(target + i, used) + result }
        store(result, to: target + i, used)
      }
      if let residual {
        let result = addsToResidual ? load(residual + i, used) + gradient : gradient
        store(result, to: residual + i, used)
      }
    }
  }
}

/// Calls `body` with the place of the first value of up to four rows and one vector of channels, how
/// many rows, the first channel, and how many channels are left from there.
@inline(__always)
private func forEachBlock(
  of rows: Range<Int>, _ channels: Int,
  _ body: (_ first: Int, _ rows: Int, _ c: Int, _ used: Int) -> Void
) {
  let lanes = Lanes.scalarCount
  var row = rows.lowerBound
  while row < rows.upperBound {
    let count = min(rowsAtOnce, rows.upperBound - row)
    var c = 0
    while c < channels {
      // Constants, where they are the common ones, spare the loop its tests.
      if count == rowsAtOnce, channels - c >= lanes {
        body(row * channels + c, rowsAtOnce, c, lanes)
      } else {
        body(row * channels + c, count, c, channels - c)
      }
      c += lanes
    }
    row += count
  }
}

/// Asks for what will be read some kilobytes on. Rows in turns look like no stream to the processor:
/// without this large tensors took twice as long.
@inline(__always)
private func askAhead(_ p: UnsafePointer<Float>, of i: Int) {
  for line in 0..<rowsAtOnce * Lanes.scalarCount / 16 { prefetch_line(p + i + 1024 + line * 16) }
}

/// Tells where gradients pass a rectification.
private protocol Gate {
  associatedtype Vector: GateVector
  /// The gate of the channels from `c`, of which `used` are real.
  func lanes(at c: Int, _ used: Int) -> Vector
}

/// A gate for one vector of channels.
private protocol GateVector {
  func ask(_ i: Int)
  /// The part of a gradient that passes.
  ///
  /// - Parameter x: The normalisation's input at element i.
  func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ used: Int) -> Lanes
}

private struct OpenGate: Gate, GateVector {
  @inline(__always)
  func lanes(at c: Int, _ used: Int) -> OpenGate { self }

  @inline(__always)
  func ask(_ i: Int) {}

  @inline(__always)
  func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ used: Int) -> Lanes { gradient }
}

private struct OutputGate: Gate, GateVector {
  var output: UnsafePointer<Float>

  @inline(__always)
  func lanes(at c: Int, _ used: Int) -> OutputGate { self }

  @inline(__always)
  func ask(_ i: Int) { askAhead(output, of: i) }

  @inline(__always)
  func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ used: Int) -> Lanes {
    pass_where_positive(gradient, load(output + i, used))
  }
}

private struct RepeatedGate: Gate {
  var normalisation: LazyNormalisation

  struct Vector: GateVector {
    var centre: Lanes
    var scale: Lanes
    var shift: Lanes

    @inline(__always)
    func ask(_ i: Int) {}

    @inline(__always)
    func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ used: Int) -> Lanes {
      pass_where_positive(gradient, shift + (x - centre) * scale)
    }
  }

  @inline(__always)
  func lanes(at c: Int, _ used: Int) -> Vector {
    Vector(
      centre: load(normalisation.centre + c, used), scale: load(normalisation.scale + c, used),
      shift: load(normalisation.shift + c, used))
  }
}

// Their own copies: a debug build compiles file by file and would call another file's.
@inline(__always)
private func load(_ p: UnsafePointer<Float>, _ count: Int) -> Lanes {
  if count >= Lanes.scalarCount { return UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }
  var value = Lanes()
  for i in 0..<count { value[i] = p[i] }
  return value
}

@inline(__always)
private func store(_ value: Lanes, to p: UnsafeMutablePointer<Float>, _ count: Int) {
  if count >= Lanes.scalarCount {
    UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
  } else {
    for i in 0..<count { p[i] = value[i] }
  }
}
