import MTLGraph

/// A labelled data set on disk: what there is, found without reading it.
public struct DataSet: Sendable {
  /// How the folder is laid out, in words.
  public let layout: String
  public let samples: [Sample]
  /// Names of the classes of objects in the order of their ids; empty for data sets without objects.
  public let categories: [String]

  init(layout: String, samples: [Sample], categories: [String] = []) {
    (self.layout, self.samples, self.categories) = (layout, samples, categories)
  }

  /// One picture and what is known of it.
  public struct Sample: Sendable {
    /// For messages, and to know it again.
    public let name: String
    public let input: Input
    /// By the name that the data set has for them.
    public let truths: [String: Truth]
  }

  public enum Input: Sendable {
    /// An image file.
    case picture(path: String)
    /// A NumPy array of H x W x C numbers from 0 to 1, as LibMTL and mtan keep their pictures.
    case array(path: String)
  }

  public enum Truth: Sendable, Equatable {
    /// A NumPy array or a PNG picture with something for each pixel.
    case map(path: String)
    /// What is in the picture.
    case objects([ObjectAnnotation])
    /// An index of a class.
    case index(Int)
    /// A class by its name, or, for networks without names, by its index among so many.
    case named(String, index: Int, count: Int)
    /// A number, or, for networks of classes without names, an index among so many.
    case quantity(Double, index: Int, count: Int)
    /// The name of a class, an index or a number, whichever the task wants; several names have semicolons between.
    case text(String)
  }

  /// Opens a folder, a CSV file or COCO's JSON, whatever its layout.
  public static func open(_ path: String) throws(MTLError) -> DataSet {
    if path.lowercased().hasSuffix(".json") { return try COCOLayout.open(path) }
    if path.lowercased().hasSuffix(".csv") { return try CSVLayout.open(path) }
    let folder = try Folder(path)
    if let found = try MapLayout.open(folder) { return found }
    if folder.has("labels.csv") { return try CSVLayout.open(folder.path(of: "labels.csv")) }
    if let found = FileNameLayout.utkface.open(folder) ?? FileNameLayout.fingers.open(folder) { return found }
    throw MTLError(
      .badFormat, path,
      expected:
        "a data set: image/ with label/, depth/ or normal/ (NYUv2 and Cityscapes as LibMTL has them), pictures named as in "
        + "UTKFace or Fingers, a labels.csv, or COCO's JSON",
      found: "none of these")
  }
}
