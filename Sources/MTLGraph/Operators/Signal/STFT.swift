/// Fourier transforms of frames of a signal, N x length x 1 or 2.
public struct STFT: GeneralOperator, StandardOperator {
  public static let name = "STFT"
  public static let imports = [
    OperatorImport(name) { attributes throws(MTLError) in
      STFT(isOneSided: try attributes.flag("onesided", default: true))
    }
  ]
  private let isOneSided: Bool

  init(isOneSided: Bool) {
    self.isOneSided = isOneSided
  }

  private func geometry(_ inputs: [Fact?], _ shape: Shape) throws(MTLError) -> (step: Int, length: Int, frames: Int)? {
    let window = inputs.optional(2)
    guard let step = try inputs.required(1).value?.integers().first else { return nil }
    let given = inputs.optional(3)
    if let given, given.value == nil { return nil }
    guard let length = given?.value?.integers().first ?? window?.shape?.dimensions.first else { return nil }
    guard shape.rank >= 2, step >= 1, length >= 1, length <= shape[1],
      window?.shape.map({ $0.dimensions == [length] }) ?? true
    else {
      throw MTLError(
        .shapeMismatch, "frames", expected: "steps and lengths within \(shape)", found: "\(step), \(length)")
    }
    return (step, length, (shape[1] - length) / step + 1)
  }

  public func infer(_ inputs: [Fact?]) throws(MTLError) -> [Fact] {
    let input = try inputs.required(0)
    guard let shape = input.shape, let (_, length, frames) = try geometry(inputs, shape) else {
      return [Fact(input.type, nil)]
    }
    let bins = isOneSided ? length / 2 + 1 : length
    return [Fact(input.type, try Shape(checking: [shape[0], frames, bins, 2], of: "output"))]
  }

  public func compute(_ inputs: [Tensor?]) throws(MTLError) -> [Tensor] {
    let (input, shape) = (try inputs.required(0), try outputShape(inputs))
    guard let (step, length, frames) = try geometry(inputs.map { $0.map { Fact($0) } }, input.shape) else {
      throw MTLError(.internalFault, name, "its frames are unknown")
    }
    let parts = input.shape.rank == 3 ? input.shape[2] : 1
    let (values, window) = (input.doubles(), inputs.optional(2)?.doubles())
    let cut: Shape = [shape[0] * frames, length, parts]
    let framed = (0..<cut.elementCount).map { index -> Double in
      let (rest, part) = index.quotientAndRemainder(dividingBy: parts)
      let (frame, place) = rest.quotientAndRemainder(dividingBy: length)
      let (image, number) = frame.quotientAndRemainder(dividingBy: frames)
      return values[(image * input.shape[1] + number * step + place) * parts + part] * (window?[place] ?? 1)
    }
    let transform = DFT(isInverse: false, isOneSided: isOneSided, axis: NumberList(attribute: [1], orInput: 2))
    return [try transform.compute([Tensor(framed, as: input.type, shape: cut)])[0].reshaped(to: shape)]
  }
}
