/// Eight lanes: one AVX2 register, and a divisor of every channel count that matters.
typealias Lanes = SIMD8<Float>

@inline(__always)
func load(_ p: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}

@inline(__always)
func store(_ value: Lanes, to p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
}

extension SIMD8<Float> {
  /// The lanes added pairwise in one fixed order.
  @inline(__always)
  var total: Float {
    let a = lowHalf + highHalf
    let b = a.lowHalf + a.highHalf
    return b.x + b.y
  }
}

/// How many pieces of `size` cover `count`.
@inline(__always)
func pieces(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }

/// Up to eight floats; zeros in the lanes past `count`.
@inline(__always)
func load(_ p: UnsafePointer<Float>, _ count: Int) -> Lanes {
  if count >= 8 { return load(p) }
  var value = Lanes()
  loadPart(p, count, into: &value)
  return value
}

/// The first `count` lanes, or all of them.
@inline(__always)
func store(_ value: Lanes, to p: UnsafeMutablePointer<Float>, _ count: Int) {
  if count >= 8 { return store(value, to: p) }
  var value = value
  storePart(&value, to: p, count)
}

// Not inlined: their loops would be part of every kernel, and keep the compiler from inlining more.
// Vectors are handed over in memory: as values they are two halves, and the compiler then takes the
// arithmetic around them apart too.

@inline(never)
private func loadPart(_ p: UnsafePointer<Float>, _ count: Int, into value: inout Lanes) {
  for i in 0..<count { value[i] = p[i] }
}

@inline(never)
private func storePart(_ value: inout Lanes, to p: UnsafeMutablePointer<Float>, _ count: Int) {
  for i in 0..<count { p[i] = value[i] }
}

/// Calls `body` with the first of each eight channels, and how many there are: eight as a constant, but
/// for the last, which spares loops the tests and the spilling that parts of vectors take.
@inline(__always)
func forEachEight(of channels: Int, _ body: (_ c: Int, _ count: Int) -> Void) {
  var c = 0
  while c + 8 <= channels {
    body(c, 8)
    c += 8
  }
  if c < channels { body(c, channels - c) }
}

/// A vector of sums in Float64.
typealias DoubleLanes = SIMD8<Double>

@inline(__always)
func doubles(_ x: Lanes) -> DoubleLanes { DoubleLanes(x) }

@inline(__always)
func floats(_ x: DoubleLanes) -> Lanes { Lanes(x) }

/// Calls `body` with the first of each eight channels and how many are left from there.
@inline(__always)
func forEachVector(
  of channels: Int, on workers: WorkerPool, _ body: @escaping (_ c: Int, _ lanes: Int) -> Void
) {
  workers.forEach(chunks: pieces(channels, of: 8)) { body($0 * 8, channels - $0 * 8) }
}

extension WorkerPool {
  /// Elements of a stretch.
  static var stretch: Int { 16_384 }

  /// Cuts `count` elements into stretches and calls `body` with each one's bounds.
  @inline(__always)
  public func forEachStretch(of count: Int, _ body: @escaping (_ from: Int, _ to: Int) -> Void) {
    forEach(chunks: pieces(count, of: Self.stretch)) { chunk in
      body(chunk * Self.stretch, min(count, (chunk + 1) * Self.stretch))
    }
  }
}
