import Core
import Imaging
import Testing

@Suite("Masks")
struct MaskTests {
  private func mask(_ rows: String...) -> Mask {
    Mask(
      width: rows[0].count, height: rows.count, pixels: rows.joined().map { $0 == "#" ? 1 : 0 })
  }

  @Test("a hole is background that does not reach the edge; corners connect it only if asked")
  func holes() {
    let ring = mask("#####", "#...#", "##.##", "###.#", "####.")
    // With four neighbours the diagonal is no way out.
    #expect(
      ring.fillingHoles(connectivity: .four) == mask("#####", "#####", "#####", "#####", "####."))
    #expect(ring.fillingHoles(connectivity: .eight) == ring)
    // The single pixel is filled, the hole of four is not.
    #expect(
      ring.fillingHoles(upTo: 3, connectivity: .four)
        == mask("#####", "#...#", "##.##", "#####", "####."))
  }

  @Test("regions below the minimum vanish, those at it stay")
  func regions() {
    let map = mask("##.#", "...#", "#..#")
    #expect(map.withoutRegions(smallerThan: 2, connectivity: .four) == mask("##.#", "...#", "...#"))
    #expect(map.withoutRegions(smallerThan: 3, connectivity: .four) == mask("...#", "...#", "...#"))
  }

  @Test("opening keeps what the element fits into, and the image's edge takes nothing away")
  func opening() {
    let map = mask("######..", "######..", "######..", ".......#", "......##")
    #expect(
      map.opened(by: .square) == mask("######..", "######..", "######..", "........", "........"))
    #expect(
      map.eroded(by: .square) == mask("#####...", "#####...", "........", "........", "........"))
    #expect(mask("#.#").closed(by: .square) == mask("###"))
    #expect(mask("...", ".#.", "...").dilated(by: .cross) == mask(".#.", "###", ".#."))
  }

  @Test("morphology is that of looking at every neighbour", arguments: 0..<20)
  func everyNeighbour(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: "morphology")
    let (width, height) = (1 + stream.index(below: 12), 1 + stream.index(below: 12))
    let map = Mask(
      width: width, height: height,
      pixels: (0..<width * height).map { _ in stream.chance(0.7) ? 1 : 0 })
    for element in [StructuringElement.cross, .square, .ellipse5] {
      func combined(_ isDone: (_ neighbours: [UInt8]) -> Bool) -> Mask {
        Mask(
          width: width, height: height,
          pixels: (0..<width * height).map { i in
            let neighbours = element.steps.compactMap { step -> UInt8? in
              let (x, y) = (i % width + step.dx, i / width + step.dy)
              return 0..<width ~= x && 0..<height ~= y ? map.pixels[y * width + x] : nil
            }
            return isDone(neighbours) ? 1 : 0
          })
      }
      #expect(map.eroded(by: element) == combined { !$0.contains(0) })
      #expect(map.dilated(by: element) == combined { $0.contains(1) })
    }
  }

  @Test("objects are components with holes filled, if they are large enough then")
  func objects() {
    let map = mask("###...", "#.#..#", "###.#.", "......", "#.....")
    let rule = ObjectRule(connectivity: .eight, holes: .filled, minimumSize: 2)
    #expect(rule.objects(of: map) == LabelMap("111...", "111..2", "111.2.", "......", "......"))
    let four = ObjectRule(connectivity: .four, holes: .filledUpTo(0), minimumSize: 9)
    #expect(four.objects(of: map)?.distinctLabels == [])
    #expect(ObjectRule().objects(of: map)?.distinctLabels == [1, 2, 3])
  }
}

@Suite("Watershed")
struct WatershedTests {
  @Test("regions meet on the ridge between their markers")
  func ridge() {
    let values: [Double] = [0, 1, 2, 5, 1, 0, 0]
    let mask = Mask(width: 7, height: 1, pixels: [1, 1, 1, 1, 1, 1, 0])
    let labels = Watershed.grow([7, 0, 0, 0, 0, 3, 9], over: values, within: mask)
    // The ridge goes to the side that reaches it first: 3, over the lower way.
    #expect(labels == [7, 7, 7, 3, 3, 3, 0])
  }

  @Test("where values are equal, regions grow at the same speed")
  func plateau() {
    let labels = Watershed.grow(
      [1, 0, 0, 0, 0, 2], over: [0, 0, 0, 0, 0, 0],
      within: Mask(width: 6, height: 1, pixels: [1, 1, 1, 1, 1, 1]))
    #expect(labels == [1, 1, 1, 2, 2, 2])
  }

  @Test("a part of the mask without marker stays empty")
  func unreached() {
    let mask = Mask(width: 3, height: 2, pixels: [1, 0, 1, 1, 0, 1])
    let labels = Watershed.grow([4, 0, 0, 0, 0, 0], over: [0, 0, 0, 0, 0, 0], within: mask)
    #expect(labels == [4, 0, 0, 4, 0, 0])
  }
}
