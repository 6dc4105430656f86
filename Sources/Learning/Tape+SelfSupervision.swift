internal import TensorKernels

// Losses of self-supervised pretraining, each with its gradients at the tensors it is given.
extension Tape {
  /// MoCo v2's InfoNCE (He et al. 2020): each query must find its key among the queue.
  ///
  /// - Parameters:
  ///   - queries: `[N, C]`, not normalised yet; the only one to take a gradient.
  ///   - keys: `[N, C]`, not normalised yet.
  ///   - queue: `[K, C]`, rows of length 1.
  public func contrast(
    _ queries: Tensor, keys: Tensor, queue: Tensor, temperature: Double = 0.2
  ) -> Double {
    let normalised = normaliseLengths(queries)
    let positives = rowProducts(normalised, normaliseLengths(detach(keys)))
    let logits = scale(
      join(positives, products(normalised, queue)), by: Float(1 / temperature))
    return crossEntropy(logits, labels: [Float](repeating: 0, count: queries.shape[0]))
  }

  /// SwAV's swapped prediction (Caron et al. 2020): the codes of each large crop are predicted from
  /// all other crops.
  ///
  /// - Parameters:
  ///   - large: Prototype scores `[N, K]` of the large crops, which give codes.
  ///   - small: Scores of the small crops, which only predict.
  public func swappedPrediction(
    large: [Tensor], small: [Tensor], temperature: Double = 0.1, epsilon: Double = 0.05,
    iterations: Int = 3
  ) -> Double {
    let crops = large + small
    let weight = 1 / Double(large.count * (crops.count - 1))
    var loss = 0.0
    for (index, scores) in large.enumerated() {
      let codes = balancedAssignments(scores, epsilon: epsilon, iterations: iterations)
      for (other, crop) in crops.enumerated() where other != index {
        loss +=
          crossEntropy(crop, targets: codes, temperature: temperature, weight: weight).value
      }
    }
    return loss
  }

  /// DINO's self-distillation (Caron et al. 2021): the student predicts the teacher's other views.
  ///
  /// - Parameters:
  ///   - teacher: Outputs `[N, K]` of the large views; they take no gradient.
  ///   - student: Outputs of all views, the large ones first and in the same order.
  ///   - centre: Subtracted from the teacher's outputs, `[K]`.
  public func selfDistillation(
    teacher: [Tensor], student: [Tensor], centre: [Float], teacherTemperature: Double = 0.04,
    studentTemperature: Double = 0.1
  ) -> Double {
    let terms = teacher.count * student.count - min(teacher.count, student.count)
    var loss = 0.0
    for (index, output) in teacher.enumerated() {
      let targets = softmax(output, temperature: teacherTemperature, centre: centre)
      for (other, view) in student.enumerated() where other != index {
        loss +=
          crossEntropy(
            view, targets: targets, temperature: studentTemperature, weight: 1 / Double(terms)
          ).value
      }
    }
    return loss
  }
}

/// DINO's running centre: what the teacher gives on average, so that no output can dominate.
public struct DistillationCentre: Hashable, Sendable {
  public private(set) var values: [Float]
  /// The share of the old centre.
  public var momentum: Double

  public init(channels: Int, momentum: Double = 0.9) {
    values = [Float](repeating: 0, count: channels)
    self.momentum = momentum
  }

  /// Moves towards the mean of a batch's teacher outputs, each `[N, K]`.
  public mutating func update(with outputs: [Tensor]) {
    var sums = [Double](repeating: 0, count: values.count)
    var rows = 0
    for output in outputs {
      precondition(output.channels == values.count, "the centre has other channels")
      rows += output.shape[0]
      for (i, value) in output.array.enumerated() { sums[i % values.count] += Double(value) }
    }
    for (i, sum) in sums.enumerated() {
      values[i] = Float(momentum * Double(values[i]) + (1 - momentum) * sum / Double(rows))
    }
  }
}
