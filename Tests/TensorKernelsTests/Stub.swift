// Tests of TensorKernels.
