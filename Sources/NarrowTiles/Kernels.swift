// This folder is compiled twice: as `NarrowTiles` for AVX2 and, through a link, as `WideTiles` for
// AVX-512. The program picks one when it starts; both give the same bits.

public import Tiles

#if WIDE
  /// Sixteen lanes: one AVX-512 register.
  typealias Lanes = SIMD16<Float>
#else
  /// Eight lanes: one AVX2 register.
  typealias Lanes = SIMD8<Float>
#endif

/// The inner loops, for one length of vectors.
public enum Kernels: TileKernels {
  public static var lanes: Int { Lanes.scalarCount }
}
