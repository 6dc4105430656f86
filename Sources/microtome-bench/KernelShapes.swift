internal import TensorKernels

/// A convolution of a network that is trained here, to be timed by itself.
struct KernelShape {
  /// Where it stands.
  var name: String
  var shape: ConvolutionShape

  /// A square image and kernel, padded so that stride 1 keeps the size.
  init(
    _ name: String, _ batch: Int, side: Int, _ input: Int, _ output: Int, kernel: Int = 3,
    stride: Int = 1
  ) {
    self.name = name
    shape = ConvolutionShape(
      batch: batch, height: side, width: side, inputChannels: input, outputChannels: output,
      kernelHeight: kernel, kernelWidth: kernel, stride: stride, padding: kernel / 2)
  }

  /// What `64>128 k3 s2 32x32` stands for: channels, kernel, stride and the input's size.
  var text: String {
    let stride = shape.stride == 1 ? "" : " s\(shape.stride)"
    return "\(name) \(shape.inputChannels)>\(shape.outputChannels) k\(shape.kernelHeight)\(stride)"
      + " \(shape.height)x\(shape.width)"
  }

  /// The kinds of convolution in a U-Net on ResNet-18 for 256x256 pixels, from the input on.
  static func unet(batch: Int) -> [KernelShape] {
    [
      KernelShape("stem", batch, side: 256, 3, 64, kernel: 7, stride: 2),
      KernelShape("layer1", batch, side: 64, 64, 64),
      KernelShape("layer2.0", batch, side: 64, 64, 128, stride: 2),
      KernelShape("layer2.0.downsample", batch, side: 64, 64, 128, kernel: 1, stride: 2),
      KernelShape("layer2", batch, side: 32, 128, 128),
      KernelShape("layer3", batch, side: 16, 256, 256),
      KernelShape("layer4", batch, side: 8, 512, 512),
      KernelShape("decoder.0.conv1", batch, side: 16, 768, 256),
      KernelShape("decoder.1.conv1", batch, side: 32, 384, 128),
      KernelShape("decoder.2.conv1", batch, side: 64, 192, 64),
      KernelShape("decoder.3.conv1", batch, side: 128, 128, 32),
      KernelShape("decoder.3.conv2", batch, side: 128, 32, 32),
      KernelShape("decoder.4.conv1", batch, side: 256, 32, 16),
      KernelShape("decoder.4.conv2", batch, side: 256, 16, 16),
      KernelShape("head", batch, side: 256, 16, 1),
      // Of ResNet-50, where most work is in matrix products.
      KernelShape("bottleneck.conv1", batch, side: 64, 256, 64, kernel: 1),
      KernelShape("bottleneck.conv3", batch, side: 16, 256, 1024, kernel: 1),
    ]
  }
}
