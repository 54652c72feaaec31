import CMTLInfer
import MTLNetworks

extension TaskDescription.Kind {
  /// MTL_KIND_...
  var code: Int {
    switch self {
    case .raw: MTL_KIND_RAW
    case .classification: MTL_KIND_CLASSIFICATION
    case .multiLabel: MTL_KIND_MULTI_LABEL
    case .ordinal: MTL_KIND_ORDINAL
    case .regression: MTL_KIND_REGRESSION
    case .segmentation: MTL_KIND_SEGMENTATION
    case .partSegmentation: MTL_KIND_PART_SEGMENTATION
    case .depth: MTL_KIND_DEPTH
    case .disparity: MTL_KIND_DISPARITY
    case .normals: MTL_KIND_NORMALS
    case .saliency: MTL_KIND_SALIENCY
    case .edges: MTL_KIND_EDGES
    case .detection: MTL_KIND_DETECTION
    case .keyPoints: MTL_KIND_KEY_POINTS
    case .embedding: MTL_KIND_EMBEDDING
    }
  }

  /// As a model.json has it, in memory that is never freed.
  var constantName: StaticString {
    switch self {
    case .raw: "raw"
    case .classification: "classification"
    case .multiLabel: "multi_label"
    case .ordinal: "ordinal"
    case .regression: "regression"
    case .segmentation: "segmentation"
    case .partSegmentation: "part_segmentation"
    case .depth: "depth"
    case .disparity: "disparity"
    case .normals: "normals"
    case .saliency: "saliency"
    case .edges: "edges"
    case .detection: "detection"
    case .keyPoints: "key_points"
    case .embedding: "embedding"
    }
  }
}
