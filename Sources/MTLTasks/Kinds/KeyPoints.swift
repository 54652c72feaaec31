/// The maps of CenterNet's poses. All are of one size.
public struct PoseMaps {
  /// Centres of persons, their boxes, and the centres' offsets.
  public let heat: FeatureMaps
  public let size: FeatureMaps
  public let offset: FeatureMaps?
  /// From the centre to each joint: x and y for one joint after another.
  public let joints: FeatureMaps
  /// A heat map for each joint, and the offset that all of them share.
  public let jointHeat: FeatureMaps?
  public let jointOffset: FeatureMaps?

  public init(
    heat: FeatureMaps, size: FeatureMaps, offset: FeatureMaps?, joints: FeatureMaps, jointHeat: FeatureMaps?,
    jointOffset: FeatureMaps?
  ) {
    self.heat = heat
    self.size = size
    self.offset = offset
    self.joints = joints
    self.jointHeat = jointHeat
    self.jointOffset = jointOffset
  }

  /// From a task's output: all maps in this order, one behind the other. nil where their number is not 7 and 3 for each
  /// joint.
  public init?(_ maps: FeatureMaps) {
    let joints = (maps.channels - 7) / 3
    guard joints > 0, maps.channels == 7 + 3 * joints else { return nil }
    let heatStart = 5 + 2 * joints
    self.init(
      heat: maps.channels(0..<1), size: maps.channels(1..<3), offset: maps.channels(3..<5),
      joints: maps.channels(5..<heatStart), jointHeat: maps.channels(heatStart..<heatStart + joints),
      jointOffset: maps.channels(heatStart + joints..<maps.channels))
  }
}

/// Reads CenterNet's poses: each joint of a person is where the centre points to, or the nearest peak of the joint's own
/// heat map, if that lies in the person's box and near enough. Rules: xingyizhou/CenterNet, src/lib/models/decode.py.
///
/// Keeps its memory; for one thread.
public struct PoseDecoder {
  private var persons: DetectionDecoder
  private var candidates: PeakList
  /// Where each candidate lies, in pixels of the input.
  private var places: [Point] = []

  /// A joint's peak counts above this probability.
  static let minimumJointScore: Float = 0.1
  /// How far a joint may jump to a peak, in longer sides of its person's box.
  static let maximumJump: Float = 0.3

  public init(stride: Int = 4, limit: Int = DetectionDecoder.defaultLimit) {
    persons = DetectionDecoder(stride: stride, limit: limit)
    candidates = PeakList(limit: limit)
    places.reserveCapacity(limit)
  }

  /// Writes the persons of one image over `detections`, best first, and the joints of each, one person after another,
  /// over `points`, all in pixels of the input.
  public mutating func decode(
    _ maps: PoseMaps, above minimumScore: Float = 0, into detections: inout [Detection], points: inout [Point]
  ) {
    persons.decode(
      heat: maps.heat, size: maps.size, offset: maps.offset, above: minimumScore, into: &detections)
    let jointCount = maps.joints.channels / 2
    let scale = Float(persons.stride)
    points.removeAll(keepingCapacity: true)
    for peak in persons.list.peaks {
      for joint in 0..<jointCount {
        let x = maps.joints[2 * joint, peak.row, peak.column] + Float(peak.column)
        let y = maps.joints[2 * joint + 1, peak.row, peak.column] + Float(peak.row)
        points.append(Point(x: x * scale, y: y * scale))
      }
    }
    guard let heat = maps.jointHeat else { return }
    for joint in 0..<min(jointCount, heat.channels) {
      findCandidates(in: heat.channels(joint..<joint + 1), maps.jointOffset)
      for person in detections.indices {
        snap(&points[person * jointCount + joint], within: detections[person].box)
      }
    }
  }

  private mutating func findCandidates(in heat: FeatureMaps, _ offset: FeatureMaps?) {
    candidates.find(in: heat, above: PoseDecoder.minimumJointScore)
    places.removeAll(keepingCapacity: true)
    let scale = Float(persons.stride)
    for peak in candidates.peaks {
      places.append(peak.position(offset, scale: scale))
    }
  }

  private func snap(_ point: inout Point, within box: Box) {
    var nearest: Point?
    var least = Float.infinity
    for place in places {
      let (x, y) = (point.x - place.x, point.y - place.y)
      let distance = (x * x + y * y).squareRoot()
      if distance < least { (nearest, least) = (place, distance) }
    }
    // The nearest peak alone is asked: another one that lies in the box does not take its place.
    guard let nearest, box.contains(nearest), least <= box.longerSide * PoseDecoder.maximumJump else { return }
    point = nearest
  }
}
