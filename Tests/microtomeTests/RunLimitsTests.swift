import ArgumentParser
import Testing

@testable import microtome

@Suite("Sizes and times on the command line")
struct RunLimitsTests {
  @Test(
    "a size has a unit of ten or of two",
    arguments: [
      ("1", 1), ("500MB", 500_000_000), ("500mb", 500_000_000), ("12GiB", 12 << 30),
      ("1.5 GiB", 3 << 29), ("2k", 2000), ("1Ti", 1 << 40),
    ] as [(String, Int64)])
  func sizes(text: String, bytes: Int64) {
    #expect(ByteCount(argument: text)?.bytes == bytes)
  }

  @Test(
    "a time has its larger units first",
    arguments: [("90", 90), ("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1.5h", 5400)]
      + [("2d", 172_800), ("1h0m5s", 3605)] as [(String, Int)])
  func times(text: String, seconds: Int) {
    #expect(TimeLimit(argument: text)?.duration == .seconds(seconds))
  }

  @Test("what is no size or time is refused")
  func refused() {
    for text in ["", "0", "GiB", "12 apples", "1e30", "-1", "5GB5", "99999999999999999999TB"] {
      #expect(ByteCount(argument: text) == nil, "\(text)")
    }
    for text in ["", "0", "soon", "5m1h", "-5s", "1..5s", "5 s", "1h1h", "999999999999"] {
      #expect(TimeLimit(argument: text) == nil, "\(text)")
    }
  }
}
