extension Collection<String> {
  /// The first names of many and how many more there are: `a, b and 12 more`.
  ///
  /// A message that names more than ten would be read by nobody.
  public func listed(atMost count: Int = 10) -> String {
    let rest = self.count - count
    return prefix(count).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
