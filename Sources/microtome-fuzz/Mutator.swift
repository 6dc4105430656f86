internal import Core

/// Damages files: whatever a parser is handed comes from a sound file and a number.
///
/// The same seed, parser and number give the same bytes on every machine, so a failure is named by
/// its number alone.
struct Mutator {
  /// Sound files, and what was found to be bad for a parser once.
  let seeds: [[UInt8]]
  /// Words of the format, which chance alone would hardly write.
  let words: [[UInt8]]

  /// Larger files are cut: they find nothing that small ones do not, and cost time.
  static let mostBytes = 1 << 16

  /// A file with one to eight changes.
  ///
  /// - Precondition: There is a seed.
  func file(_ stream: inout RandomStream) -> [UInt8] {
    var bytes = seeds[stream.index(below: seeds.count)]
    for _ in 0..<(1 << stream.index(below: 4)) { change(&bytes, &stream) }
    return Array(bytes.prefix(Self.mostBytes))
  }

  private func change(_ bytes: inout [UInt8], _ stream: inout RandomStream) {
    guard !bytes.isEmpty else { return bytes.append(UInt8(stream.index(below: 256))) }
    let place = stream.index(below: bytes.count)
    let run = place..<min(bytes.count, place + 1 + stream.index(below: 64))
    switch stream.index(below: 12) {
    case 0: bytes[place] = UInt8(stream.index(below: 256))
    case 1: bytes[place] ^= 1 << UInt8(stream.index(below: 8))
    case 2: overwrite(&bytes, at: place, with: Self.number(&stream))
    case 3: bytes.removeSubrange(run)
    case 4: bytes.insert(UInt8(stream.index(below: 256)), at: place)
    case 5: bytes.insert(contentsOf: bytes[run], at: stream.index(below: bytes.count))
    case 6: bytes.removeLast(min(bytes.count, 1 + stream.index(below: 64)))
    case 7: overwrite(&bytes, at: stream.index(below: bytes.count), with: Array(bytes[run]))
    case 8: repeatRun(run, of: &bytes, &stream)
    case 9: splice(&bytes, at: place, &stream)
    default: write(&bytes, at: place, word(&stream), isInserted: stream.chance(0.5))
    }
  }

  /// Numbers at which counts, sizes and offsets go wrong, in 1, 2, 4 or 8 bytes of either order.
  private static func number(_ stream: inout RandomStream) -> [UInt8] {
    let width = 1 << stream.index(below: 4)
    let edges: [UInt64] = [
      0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
      1 << 32, 1 << 62, UInt64(Int.max), 1 << 63, .max,
    ]
    let near = UInt64(stream.index(below: 5)) &- 2
    let value = edges[stream.index(below: edges.count)] &+ near
    let bytes = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    return stream.chance(0.5) ? bytes : bytes.reversed()
  }

  private func word(_ stream: inout RandomStream) -> [UInt8] {
    words.isEmpty ? Self.number(&stream) : words[stream.index(below: words.count)]
  }

  private func write(
    _ bytes: inout [UInt8], at place: Int, _ word: [UInt8], isInserted: Bool
  ) {
    if isInserted {
      bytes.insert(contentsOf: word, at: place)
    } else {
      overwrite(&bytes, at: place, with: word)
    }
  }

  private func overwrite(_ bytes: inout [UInt8], at place: Int, with word: [UInt8]) {
    for (i, byte) in word.enumerated() where place + i < bytes.count { bytes[place + i] = byte }
  }

  /// What stands once stands many times: nesting, long lists, counts that no longer fit.
  private func repeatRun(
    _ run: Range<Int>, of bytes: inout [UInt8], _ stream: inout RandomStream
  ) {
    let copies = repeatElement(Array(bytes[run]), count: 1 << stream.index(below: 10))
    bytes.insert(contentsOf: copies.joined(), at: run.upperBound)
  }

  /// The start of this file and the end of another.
  private func splice(
    _ bytes: inout [UInt8], at place: Int, _ stream: inout RandomStream
  ) {
    let other = seeds[stream.index(below: seeds.count)]
    bytes.removeSubrange(place...)
    bytes += other.suffix(stream.index(below: other.count + 1))
  }
}
