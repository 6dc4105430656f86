import Core
import Testing

@Suite("Numbers as text")
struct NumbersTests {
  @Test(
    "the shortest decimal reads back and carries no fraction it does not need",
    arguments: [
      (0, "0"), (1, "1"), (-3, "-3"), (0.1, "0.1"), (0.1 + 0.2, "0.30000000000000004"),
      (1e-4, "0.0001"), (1e-5, "1e-05"), (123_456_789, "123456789"), (1e15, "1000000000000000"),
      (1e16, "1e+16"), (1e300, "1e+300"), (.leastNonzeroMagnitude, "5e-324"),
      (2.0 / 3, "0.6666666666666666"),
      (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"),
    ] as [(Double, String)])
  func shortest(value: Double, text: String) {
    #expect(shortestDecimal(value) == text)
    if !value.isNaN { #expect(Double(text) == value) }
  }

  @Test("any number reads back from its shortest decimal")
  func roundTrip() {
    var stream = RandomStream(seed: 1, purpose: "doubles")
    for _ in 0..<10_000 {
      let value = Double(bitPattern: stream.next())
      if value.isNaN { continue }
      #expect(Double(shortestDecimal(value)) == value)
    }
  }

  /// Ties go away from zero; 1.115 and 2.675 lie just below theirs, 1.005 too.
  @Test(
    "a fixed count of digits rounds the number that is there",
    arguments: [
      (0, 2, "0.00"), (1, 0, "1"), (0.5, 0, "1"), (1.5, 0, "2"), (2.5, 0, "3"), (-2.5, 0, "-3"),
      (0.125, 2, "0.13"), (-0.125, 2, "-0.13"), (1.005, 2, "1.00"), (2.675, 2, "2.67"),
      (1.115, 2, "1.11"), (0.285, 2, "0.28"), (0.995, 2, "0.99"), (0.996, 2, "1.00"),
      (9.999, 2, "10.00"), (-0.001, 2, "0.00"), (-0.0, 1, "0.0"), (0.05, 3, "0.050"),
      (123.456, 1, "123.5"), (1e15, 2, "1000000000000000.00"), (1e20, 2, "1e+20"),
      (0.49999999999999994, 0, "0"), (4_503_599_627_370_497.5, 0, "4503599627370498"),
      (.infinity, 2, "inf"), (.nan, 2, "nan"), (0, 25, "0"), (0.5, 18, "0.500000000000000000"),
    ] as [(Double, Int, String)])
  func fixedDigits(value: Double, digits: Int, text: String) {
    #expect(fixed(value, digits: digits) == text)
  }

  @Test("JSON has one spelling")
  func json() throws {
    struct Sample: Codable, Equatable { var b = 0.1, a = "x/y é", c = 3.0, d = [1e-7, 1e21] }
    #expect(JSON.text(Sample()) == #"{"a":"x/y é","b":0.1,"c":3,"d":[1e-07,1e+21]}"#)
    #expect(try JSON.decode(Sample.self, from: JSON.encode(Sample())) == Sample())
  }
}
