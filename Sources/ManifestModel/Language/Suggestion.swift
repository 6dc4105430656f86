internal import Core

/// Finds the word that was probably meant.
enum Suggestion {
  /// The nearest of some words, if it is near enough to be a slip of the finger.
  ///
  /// Distance is Damerau-Levenshtein's with adjacent transpositions, case aside; a third of the
  /// word may differ. Ties go to the first word.
  static func nearest(to word: String, in words: [String]) -> String? {
    let scalars = Array(word.lowercased().unicodeScalars)
    // Past these sizes the input is no slip, and hostile input must not cost much.
    guard (1...64).contains(scalars.count), words.count <= 200 else { return nil }
    let allowed = max(1, scalars.count / 3)
    var best: (word: String, distance: Int)?
    for candidate in words {
      let other = Array(candidate.lowercased().unicodeScalars)
      guard abs(other.count - scalars.count) <= allowed else { continue }
      let distance = distance(scalars, other)
      if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.word
  }

  /// The hint for a word that is not among some: the nearest one, and all of them.
  ///
  /// - Parameter noun: What the words are, in the plural.
  static func hint(for word: String, among words: [String], noun: String) -> String {
    guard !words.isEmpty else { return "there are no \(noun); declare one first" }
    let all = "the \(noun) are \(list(words))"
    return nearest(to: word, in: words).map { "write `\($0)`; \(all)" } ?? all
  }

  /// Words for a message; past sixteen they are counted.
  static func list(_ words: [String]) -> String {
    words.map { "`\($0.excerpt)`" }.listed(atMost: 16)
  }

  private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    var older = [Int](repeating: 0, count: b.count + 1)
    var old = Array(0...b.count)
    for i in a.indices {
      var new = [Int](repeating: 0, count: b.count + 1)
      new[0] = i + 1
      for j in b.indices {
        let change = a[i] == b[j] ? 0 : 1
        new[j + 1] = min(old[j] + change, old[j + 1] + 1, new[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          new[j + 1] = min(new[j + 1], older[j - 1] + 1)
        }
      }
      (older, old) = (old, new)
    }
    return old[b.count]
  }
}
