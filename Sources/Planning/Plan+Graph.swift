/// A language that draws graphs.
public enum GraphLanguage: String, CaseIterable, Sendable { case mermaid, dot }

extension Plan {
  /// The plan as a drawing, sizes and replicates folded into one node that counts them.
  public func graph(in language: GraphLanguage) -> String {
    var counts: [String: Int] = [:]
    var order: [String] = []
    var edges: [(String, String)] = []
    var drawn: Set<String> = []
    for step in steps {
      let node = Self.folded(step.id)
      if counts.updateValue((counts[node] ?? 0) + 1, forKey: node) == nil { order.append(node) }
      for dependency in step.dependencies {
        let source = Self.folded(dependency)
        if drawn.insert("\(source) \(node)").inserted { edges.append((source, node)) }
      }
    }
    let numbers = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, "s\($0)") })
    func label(_ node: String) -> String { counts[node]! > 1 ? "\(node) ×\(counts[node]!)" : node }
    switch language {
    case .mermaid:
      return "flowchart LR\n"
        + order.map { "  \(numbers[$0]!)[\"\(label($0))\"]\n" }.joined()
        + edges.map { "  \(numbers[$0]!) --> \(numbers[$1]!)\n" }.joined()
    case .dot:
      return "digraph plan {\n  rankdir=LR; node [shape=box];\n"
        + order.map { "  \(numbers[$0]!) [label=\"\(label($0))\"];\n" }.joined()
        + edges.map { "  \(numbers[$0]!) -> \(numbers[$1]!);\n" }.joined() + "}\n"
    }
  }

  private static func folded(_ id: StepID) -> String {
    id.text.split(separator: "/").filter { !$0.hasPrefix("n=") && !$0.hasPrefix("r=") }
      .joined(separator: "/")
  }
}
