public import Execution
public import Planning

/// Binds each kind of step to what carries it out; the only place where both halves meet.
public enum StepRunners {
  /// The runner of a kind. Exhaustive: a new kind does not compile without one.
  public static func runner(for kind: StepKind) -> any StepRunner {
    switch kind {
    case .source: SourceRunner()
    case .synthesize: SynthesizeRunner()
    case .import: ImportRunner()
    case .leakage: LeakageRunner()
    case .load: LoadRunner()
    case .pretrain: PretrainRunner()
    case .subset: SubsetRunner()
    case .train: TrainRunner()
    case .predict: PredictRunner()
    case .measure: MeasureRunner()
    case .overlay: OverlayRunner()
    case .compare: CompareRunner()
    case .adjust: AdjustRunner()
    case .echo: EchoRunner()
    }
  }
}
