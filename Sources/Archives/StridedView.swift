/// A window onto stored elements: `element(i, j, ...) = storage[offset + i*strides[0] + ...]`.
struct StridedView: Hashable, Sendable {
  /// The first element, counted in elements of the storage.
  var offset: Int
  /// The extents, outermost first.
  var shape: [Int]
  /// In elements, one per dimension.
  var strides: [Int]

  /// PyTorch's own limit of dimensions.
  static let mostDimensions = 64

  /// The elements in row-major order.
  ///
  /// A view with more elements than its storage (an expanded tensor) is refused: it costs memory
  /// that the file does not account for, and no published weight needs it.
  ///
  /// - Parameters:
  ///   - range: The storage's bytes; any surplus is ignored.
  ///   - count: The storage's elements.
  ///   - subject: What is read, for errors.
  func materialised(
    from bytes: [UInt8], in range: Range<Int>, count: Int, type: ElementType, subject: String
  ) throws(ArchiveError) -> [Float] {
    func fault(_ reason: String) -> ArchiveError { ArchiveError(.view, in: subject, reason) }
    guard shape.count == strides.count, shape.count <= Self.mostDimensions else {
      throw fault("\(shape.count) extents with \(strides.count) strides")
    }
    guard let elements = elementCount(of: shape) else {
      throw ArchiveError(.shape, in: subject, "a shape that cannot be counted")
    }
    let (size, overflow) = count.multipliedReportingOverflow(by: type.size)
    guard count >= 0, !overflow, size <= range.count else {
      throw ArchiveError(
        .storage, in: subject, "a storage of \(count) elements in \(range.count) bytes")
    }
    if elements == 0 { return [] }
    guard elements <= count else { throw fault("\(elements) elements over a storage of \(count)") }
    guard offset >= 0, let last = lastIndex, last < count else {
      throw fault("it reaches beyond its storage of \(count) elements")
    }
    return bytes.withUnsafeBytes { all in
      gather(elements, from: UnsafeRawBufferPointer(rebasing: all[range]), type)
    }
  }

  /// The largest index the view touches; `nil` for a negative stride or a sum past the word.
  private var lastIndex: Int? {
    var last = offset
    for (extent, stride) in zip(shape, strides) {
      let (reach, tooFar) = (extent - 1).multipliedReportingOverflow(by: stride)
      let (next, beyond) = last.addingReportingOverflow(reach)
      guard stride >= 0, !tooFar, !beyond else { return nil }
      last = next
    }
    return last
  }

  private var isContiguous: Bool {
    var expected = 1
    for (extent, stride) in zip(shape, strides).reversed() where extent != 1 {
      if stride != expected { return false }
      expected *= extent
    }
    return true
  }

  private func gather(
    _ elements: Int, from storage: UnsafeRawBufferPointer, _ type: ElementType
  ) -> [Float] {
    let base = storage.baseAddress!
    let size = type.size
    if isContiguous {
      return [Float](unsafeUninitializedCapacity: elements) { values, written in
        #if _endian(little)
          if type == .f32 {
            let source = UnsafeRawBufferPointer(start: base + 4 * offset, count: 4 * elements)
            UnsafeMutableRawBufferPointer(values).copyMemory(from: source)
            written = elements
            return
          }
        #endif
        for i in 0..<elements { values[i] = type.value(at: base + (offset + i) * size) }
        written = elements
      }
    }
    var index = [Int](repeating: 0, count: shape.count)
    var position = offset
    var values: [Float] = []
    values.reserveCapacity(elements)
    while true {
      values.append(type.value(at: base + position * size))
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] {
          position += strides[axis]
          break
        }
        // Never a step past the extent: the stride of an extent of 1 can be any number.
        position -= (shape[axis] - 1) * strides[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return values }
    }
  }
}
