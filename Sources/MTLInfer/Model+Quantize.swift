import MTLEngine
import MTLFormats
import MTLGraph
import MTLQuantize
import MTLTasks

/// What a model computes with.
public enum Precision: String, Sendable, CaseIterable {
  case float32 = "fp32"
  /// bfloat16 in attentions and where convolutions have many channels to add up, if the processor has instructions for it;
  /// floats elsewhere.
  case bfloat16 = "bf16"
  /// Bytes where the model's file says so; elsewhere floats, or bfloat16 where it says that.
  case int8
}

extension Model {
  /// What a model runs in.
  public var precision: Precision {
    guard let quantization else { return .float32 }
    if !quantization.grids.isEmpty { return .int8 }
    return quantization.isBFloat16 ? .bfloat16 : .float32
  }

  /// The model with values and weights in bytes, by what it computes in floats for inputs as it will see them.
  ///
  /// - Parameters:
  ///   - inputCount: a few dozen are enough; memory does not grow with their number.
  ///   - inputs: hands out the input of a number, N x C x H x W floats, all of one shape. Each is asked for several times.
  ///   - progress: runs that are done and all that there will be.
  public func quantized(
    inputCount: Int, runtime: Runtime = .shared, inputs: Calibration.Inputs,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(MTLError) -> Model {
    let graph = try graphOfFloats(inputCount: inputCount, inputs)
    let calibration = try Calibration(graph, pool: runtime.pool)
    return try Model(
      self, quantizedBy: calibration.table(inputCount: inputCount, inputs: inputs, progress: progress))
  }

  /// The same, with those layers left in bfloat16 that take a task beyond what it may lose (`AnswerDistance`), or in floats
  /// where that does not help, and what each layer costs each task.
  ///
  /// - Parameter budgets: by task; infinite where anything will do.
  public func quantized(
    inputCount: Int, budgets: [Double], runtime: Runtime = .shared, inputs: Calibration.Inputs,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(MTLError) -> (model: Model, search: PrecisionSearch.Outcome) {
    guard budgets.count == tasks.count else {
      throw MTLError(.invalidArgument, "budgets", expected: "\(tasks.count)", found: "\(budgets.count)")
    }
    let graph = try graphOfFloats(inputCount: inputCount, inputs)
    let table = try Calibration(graph, pool: runtime.pool).table(
      inputCount: inputCount, inputs: inputs, progress: progress)
    var kept: [Tensor] = []
    let count = min(inputCount, PrecisionSearch.inputLimit)
    for index in 0..<count { kept.append(try inputs(index * inputCount / count)) }
    let distances = tasks.map { AnswerDistance($0) }
    let search = try PrecisionSearch(graph, table, inputs: kept, pool: runtime.pool) { task, exact, rounded in
      distances[task].measure(exact, rounded)
    }
    let outcome = try search.outcome(budgets: budgets, progress: progress)
    return (try Model(self, quantizedBy: outcome.table), outcome)
  }

  /// The graph that is to be quantized.
  private func graphOfFloats(inputCount: Int, _ inputs: Calibration.Inputs) throws(MTLError) -> Graph {
    guard quantization == nil else {
      throw MTLError(.unsupported, name, "is quantized already; open it in fp32 to do it again")
    }
    guard inputCount > 0 else { throw MTLError(.invalidArgument, "calibration", "has no inputs") }
    guard let graph = try network.plannedGraph(for: [Fact(.float32, try inputs(0).shape)]) else {
      throw MTLError(.unsupported, name, "runs node by node, and cannot be quantized")
    }
    return graph
  }

  /// How many layers run on which numbers.
  public struct QuantizedLayers: Sendable {
    /// Convolutions with weights of bytes and of bfloat16, and all there are.
    public let bytes: Int
    public let bfloat16: Int
    public let all: Int
    /// Attentions that run on bfloat16, and all there are.
    public let bfloat16Attentions: Int
    public let allAttentions: Int
  }

  /// Layers at the default input size; nil for a model of floats.
  public func quantizedLayers() throws(MTLError) -> QuantizedLayers? {
    guard precision != .float32, let graph = try plannedGraph() else { return nil }
    let layers = graph.nodes.filter { $0.operation is Convolution || $0.operation is ConvolutionTranspose }
    let bfloat16 = graph.valuesReadAsBFloat16()
    let attentions = graph.countOfAttentions()
    return QuantizedLayers(
      bytes: layers.count { graph.constants[$0.inputs[1]]?.type == .int8 },
      bfloat16: layers.count { bfloat16.contains($0.inputs[1]) }, all: layers.count,
      bfloat16Attentions: attentions.bfloat16, allAttentions: attentions.all)
  }

  /// The graph that is planned at the default input size.
  func plannedGraph() throws(MTLError) -> Graph? {
    guard network.isGeneral else { return network.graph }
    let facts = inputs.map { input in
      var sizes = input.dimensions.map { $0 ?? 1 }
      if sizes.count == 4 {
        sizes[2] = input.dimensions[2] ?? self.input.height
        sizes[3] = input.dimensions[3] ?? self.input.width
      }
      return input.form == .tensor ? Fact(input.type, Shape(sizes)) : Fact(input.form, of: input.type)
    }
    return try network.plannedGraph(for: facts)
  }

  /// The table of a file that is opened in some precision; nil takes the file's own.
  ///
  /// - Parameter table: of the file; nil for a file of floats.
  static func quantization(
    recorded table: QuantizationTable?, name: String, _ precision: Precision?
  ) throws(MTLError) -> QuantizationTable? {
    switch precision {
    case nil: return table
    case .float32: return nil
    case .bfloat16: return QuantizationTable(isBFloat16: true)
    case .int8:
      guard let table, !table.grids.isEmpty else { throw notQuantized(name) }
      return table
    }
  }

  static func notQuantized(_ name: String) -> MTLError {
    MTLError(.unsupported, name, "holds no bytes; 'mtl-infer compile --precision int8' makes a file of bytes")
  }
}
