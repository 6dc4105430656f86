/// The element types of tensors in weight files, as safetensors spells them.
enum ElementType: String, Hashable, Sendable, CaseIterable {
  case bool = "BOOL"
  case u8 = "U8"
  case i8 = "I8"
  case u16 = "U16"
  case i16 = "I16"
  case f16 = "F16"
  case bf16 = "BF16"
  case u32 = "U32"
  case i32 = "I32"
  case f32 = "F32"
  case u64 = "U64"
  case i64 = "I64"
  case f64 = "F64"

  /// Bytes of one element.
  var size: Int {
    switch self {
    case .bool, .u8, .i8: 1
    case .u16, .i16, .f16, .bf16: 2
    case .u32, .i32, .f32: 4
    case .u64, .i64, .f64: 8
    }
  }

  /// One little-endian element as Float32: exact for F16 and BF16, rounded for wider types.
  func value(at address: UnsafeRawPointer) -> Float {
    switch self {
    case .bool: address.load(as: UInt8.self) == 0 ? 0 : 1
    case .u8: Float(address.load(as: UInt8.self))
    case .i8: Float(address.load(as: Int8.self))
    case .u16: Float(word(at: address, UInt16.self))
    case .i16: Float(word(at: address, Int16.self))
    case .f16: Self.widened(half: word(at: address, UInt16.self))
    case .bf16: Float(bitPattern: UInt32(word(at: address, UInt16.self)) << 16)
    case .u32: Float(word(at: address, UInt32.self))
    case .i32: Float(word(at: address, Int32.self))
    case .f32: Float(bitPattern: word(at: address, UInt32.self))
    case .u64: Float(word(at: address, UInt64.self))
    case .i64: Float(word(at: address, Int64.self))
    case .f64: Float(Double(bitPattern: word(at: address, UInt64.self)))
    }
  }

  private func word<Word: FixedWidthInteger>(at address: UnsafeRawPointer, _: Word.Type) -> Word {
    Word(littleEndian: address.loadUnaligned(as: Word.self))
  }

  /// The value of half-precision bits.
  ///
  /// By hand, because `Float16` does not exist on every platform that Swift builds for.
  static func widened(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:  // zero and subnormal: fraction * 2^-24, exact in Float32
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}

/// The number of elements of a shape; `nil` for a negative extent or a product past the word.
///
/// Extents of 0 do not hide an overflow of the others: the product is also taken without them.
func elementCount(of shape: [Int]) -> Int? {
  var product = 1
  for extent in shape {
    guard extent >= 0 else { return nil }
    let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
    if overflow { return nil }
    product = next
  }
  return shape.contains(0) ? 0 : product
}
