import Core
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Glibc's errors are under one unit in the last place, so it serves as the truth.
@Suite("Portable elementary functions")
struct PortableMathTests {
  /// How far apart two numbers are, in units of the last place of the second.
  static func units(_ a: Double, from b: Double) -> Double {
    if a == b || (a.isNaN && b.isNaN) { return 0 }
    return abs(a - b) / b.ulp
  }

  /// The worst distance over many arguments; the argument is named in the failure.
  static func expectClose(
    _ purpose: String, within limit: Double, _ count: Int = 50_000,
    argument: (inout RandomStream) -> Double, ours: (Double) -> Double, theirs: (Double) -> Double
  ) {
    var stream = RandomStream(seed: 1, purpose: purpose)
    var worst = (units: 0.0, at: 0.0)
    for _ in 0..<count {
      let x = argument(&stream)
      let distance = units(ours(x), from: theirs(x))
      if !(distance <= worst.units) { worst = (distance, x) }
    }
    #expect(worst.units <= limit, "\(purpose): \(worst.units) units at \(worst.at)")
  }

  @Test(
    "the exponential agrees with Glibc",
    arguments: [(-745, 710), (-50, 50), (-1, 1), (-1e-8, 1e-8), (-745.2, -708)])
  func exponential(low: Double, high: Double) {
    Self.expectClose(
      "exp", within: 2, argument: { $0.uniform(low, high) }, ours: PortableMath.exp, theirs: exp)
  }

  @Test("the logarithm agrees with Glibc over every exponent")
  func logarithm() {
    Self.expectClose(
      "log", within: 2, argument: { abs(Double(bitPattern: $0.next() & 0x7FEF_FFFF_FFFF_FFFF)) },
      ours: PortableMath.log, theirs: log)
    Self.expectClose(
      "log near 1", within: 2, argument: { $0.uniform(0.5, 2) }, ours: PortableMath.log, theirs: log
    )
    Self.expectClose(
      "log at 1", within: 2, argument: { 1 + $0.uniform(-1e-6, 1e-6) }, ours: PortableMath.log,
      theirs: log)
  }

  @Test(
    "powers agree with Glibc, also where they are large or many",
    arguments: [
      (0.9, 0.9999999, 1, 3000), (0, 1, 0, 10), (1, 10, -30, 300), (1e-300, 1e300, -1, 1),
    ])
  func powers(low: Double, high: Double, least: Double, most: Double) {
    var stream = RandomStream(seed: 1, purpose: "pow")
    var worst = (units: 0.0, x: 0.0, y: 0.0)
    for _ in 0..<50_000 {
      let x = stream.uniform(low, high)
      let y = stream.uniform(least, most)
      let distance = Self.units(PortableMath.pow(x, y), from: pow(x, y))
      if !(distance <= worst.units) { worst = (distance, x, y) }
    }
    #expect(worst.units <= 2, "\(worst)")
  }

  #if arch(x86_64)
    @Test(
      "cosine and sine of turns agree with Glibc's long double", arguments: [1, 100, 1e6, 1e-5])
    func turns(range: Double) {
      // The turn is brought beside a zero of the function first, which is exact: a reference that
      // multiplies by pi first is wrong there.
      func sine(_ t: Double) -> Double {
        let halves = (2 * t).rounded()
        let value = Double(sinl(2 * Float80.pi * Float80(t - halves / 2)))
        return halves.truncatingRemainder(dividingBy: 2) == 0 ? value : -value
      }
      var stream = RandomStream(seed: 1, purpose: "turns")
      for _ in 0..<50_000 {
        let t = stream.uniform(-range, range)
        let found = PortableMath.cosineAndSine(turns: t)
        #expect(Self.units(found.cosine, from: sine(0.25 - abs(t - t.rounded()))) <= 2)
        #expect(Self.units(found.sine, from: sine(t)) <= 2)
      }
    }
  #endif

  @Test(
    "quarter turns are exact",
    arguments: [
      (0, 1, 0), (0.25, 0, 1), (0.5, -1, 0), (0.75, 0, -1), (1, 1, 0), (-0.25, 0, -1),
      (-0.5, -1, 0),
      (-1.75, 0, 1), (1e15 + 0.25, 0, 1), (1e300, 1, 0),
    ])
  func quarters(t: Double, cosine: Double, sine: Double) {
    let found = PortableMath.cosineAndSine(turns: t)
    #expect(found.cosine == cosine)
    #expect(found.sine == sine)
  }

  @Test(
    "edges of the exponential",
    arguments: [
      (0, 1), (-0.0, 1), (.infinity, .infinity), (-.infinity, 0), (.nan, .nan), (709.79, .infinity),
      (-746, 0), (1e308, .infinity), (-1e308, 0),
    ] as [(Double, Double)])
  func exponentialEdges(x: Double, y: Double) {
    let found = PortableMath.exp(x)
    #expect(found == y || (found.isNaN && y.isNaN))
  }

  @Test("the largest and smallest results of the exponential are reached")
  func exponentialRange() {
    for x in [709.782712893384, 709.78, -744.44, -745.13, -708.3964185322641] {
      #expect(Self.units(PortableMath.exp(x), from: exp(x)) <= 2, "\(x)")
    }
  }

  @Test(
    "edges of the logarithm",
    arguments: [
      (1, 0), (0, -.infinity), (-0.0, -.infinity), (-1, .nan), (-.infinity, .nan), (.nan, .nan),
      (.infinity, .infinity),
    ] as [(Double, Double)])
  func logarithmEdges(x: Double, y: Double) {
    let found = PortableMath.log(x)
    #expect(found == y || (found.isNaN && y.isNaN))
    for x in [0x1p-1074, 0x1.8p-1030, 0x1p-1022, Double.greatestFiniteMagnitude] {
      #expect(Self.units(PortableMath.log(x), from: log(x)) <= 2, "\(x)")
    }
  }

  @Test(
    "edges of the power, as in C",
    arguments: [
      (0, 0), (0, 2), (0, -1), (1, 1e300), (1, .infinity), (2, 10), (2, -1074), (2, 1023),
      (2, 1024),
      (10, 3), (0.5, 0.5), (.infinity, 0), (.infinity, 2), (.infinity, -2), (0.5, .infinity),
      (2, -.infinity), (0.5, -.infinity), (.nan, 0), (.nan, 1), (2, .nan), (3, 0), (0x1p-1070, 0.5),
      (2, 1e300), (2, -1e300), (1.0000000000000002, 1e18), (0, .infinity), (0, -.infinity),
    ] as [(Double, Double)])
  func powerEdges(x: Double, y: Double) {
    #expect(Self.units(PortableMath.pow(x, y), from: pow(x, y)) <= 2, "\(PortableMath.pow(x, y))")
  }

  @Test(
    "what is no number has no cosine and no sine", arguments: [Double.nan, .infinity, -.infinity])
  func noTurn(t: Double) {
    let found = PortableMath.cosineAndSine(turns: t)
    #expect(found.cosine.isNaN && found.sine.isNaN)
  }
}
