extension Optimiser {
  /// Everything a resumed run needs to go on with the same bits, as checksummed bytes.
  ///
  /// - Parameter parameters: All of the network's, statistics and frozen ones included.
  public func checkpoint(of parameters: [Parameter]) -> [UInt8] {
    var checkpoint = Checkpoint()
    for parameter in parameters { checkpoint.add(parameter) }
    save(to: &checkpoint)
    return checkpoint.encode()
  }

  /// Goes back to a checkpoint of the same parameters and rule.
  ///
  /// - Throws: `MalformedCheckpoint`; a part of it may have been read then, and the run is not to be
  ///   used.
  public func restore(
    _ bytes: [UInt8], to parameters: [Parameter]
  ) throws(MalformedCheckpoint) {
    var reader = try Checkpoint.Reader(bytes)
    for parameter in parameters { try reader.read(parameter) }
    try load(from: &reader)
  }
}
