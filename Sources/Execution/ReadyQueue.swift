/// The ready steps of a plan, the most urgent on top: a binary heap of positions.
///
/// The longest remaining path goes first, then the order of the plan.
///
/// - Complexity: O(log *n*) to push and to pop.
struct ReadyQueue: Sendable {
  /// The expected seconds from each step to the end of the plan.
  private let remaining: [Double]
  private var heap: [Int] = []

  init(remaining: [Double]) { self.remaining = remaining }

  var isEmpty: Bool { heap.isEmpty }

  mutating func push(_ position: Int) {
    heap.append(position)
    rise(from: heap.count - 1)
  }

  mutating func pop() -> Int? {
    guard let top = heap.first else { return nil }
    remove(at: 0)
    return top
  }

  /// Takes a position out, wherever it stands.
  ///
  /// - Complexity: O(*n*)
  mutating func remove(_ position: Int) {
    if let place = heap.firstIndex(of: position) { remove(at: place) }
  }

  private mutating func remove(at place: Int) {
    let last = heap.removeLast()
    guard place < heap.count else { return }
    heap[place] = last
    sink(from: place)
    rise(from: place)
  }

  private mutating func rise(from place: Int) {
    var child = place
    while child > 0, isBefore(heap[child], heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func sink(from place: Int) {
    var parent = place
    while let child = firstChild(of: parent), isBefore(heap[child], heap[parent]) {
      heap.swapAt(child, parent)
      parent = child
    }
  }

  /// The most urgent positions in order, without taking them.
  ///
  /// - Complexity: O(*k* log *k*) and a walk of the top of the heap; the rest is not looked at.
  func first(_ count: Int) -> [Int] {
    var found: [Int] = []
    // Places in the heap whose parents were found; the next most urgent is always one of them.
    var border = heap.isEmpty ? [] : [0]
    while found.count < count,
      let next = border.indices.min(by: { isBefore(heap[border[$0]], heap[border[$1]]) })
    {
      let place = border.remove(at: next)
      found.append(heap[place])
      border += [2 * place + 1, 2 * place + 2].filter { $0 < heap.count }
    }
    return found
  }

  /// Every position, the most urgent first.
  var sorted: [Int] { heap.sorted(by: isBefore) }

  private func firstChild(of parent: Int) -> Int? {
    let left = 2 * parent + 1
    guard left < heap.count else { return nil }
    let right = left + 1
    return right < heap.count && isBefore(heap[right], heap[left]) ? right : left
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    remaining[a] != remaining[b] ? remaining[a] > remaining[b] : a < b
  }
}
