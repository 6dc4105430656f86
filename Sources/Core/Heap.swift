/// A binary heap: elements go in in any order, the least comes out first.
///
/// Which of equal elements comes first is decided by the sequence of calls alone; give elements a
/// second key where that must be an order of its own.
public struct Heap<Element: Comparable> {
  @usableFromInline var elements: [Element] = []

  @inlinable public init() {}

  @inlinable public var count: Int { elements.count }
  @inlinable public var isEmpty: Bool { elements.isEmpty }

  /// - Complexity: O(log *count*).
  @inlinable public mutating func insert(_ element: Element) {
    elements.append(element)
    elements.withUnsafeMutableBufferPointer { elements in
      Self.rise(element, from: elements.count - 1, in: elements)
    }
  }

  /// Puts an element where it belongs between a hole and the root.
  @inlinable static func rise(
    _ element: Element, from hole: Int, in elements: UnsafeMutableBufferPointer<Element>
  ) {
    var i = hole
    while i > 0 {
      let parent = (i - 1) / 2
      guard element < elements[parent] else { break }
      elements[i] = elements[parent]
      i = parent
    }
    elements[i] = element
  }

  /// Takes the least element out; `nil` if there is none.
  ///
  /// - Complexity: O(log *count*).
  @inlinable public mutating func popLeast() -> Element? {
    guard let last = elements.popLast() else { return nil }
    guard let least = elements.first else { return last }
    elements.withUnsafeMutableBufferPointer { elements in
      // The last element mostly belongs near the end again: the hole goes down without looking at it,
      // one comparison a level, and it comes up from there.
      var i = 0
      while true {
        var child = 2 * i + 1
        guard child < elements.count else { break }
        if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
        elements[i] = elements[child]
        i = child
      }
      Self.rise(last, from: i, in: elements)
    }
    return least
  }
}

extension Heap: Sendable where Element: Sendable {}
