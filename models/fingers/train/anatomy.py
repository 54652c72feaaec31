"""A hand as rounded bones in three dimensions: which fingers are up, where every joint lies.

Units are palm widths. x points to the right of the picture, y up, z towards the viewer. The palm faces the viewer, so
a right hand has its thumb on the right of the picture and a left hand has it on the left. Everything here builds the
right hand; `build_hand` mirrors it for the left one.
"""

from dataclasses import dataclass, field

import numpy as np

THUMB, INDEX, MIDDLE, RING, LITTLE = range(5)

# For every count: which fingers may be up together, and how often people show the number that way.
COMBINATIONS = {
    0: [((), 1.0)],
    1: [((INDEX,), 0.60), ((THUMB,), 0.25), ((LITTLE,), 0.15)],
    2: [((INDEX, MIDDLE), 0.50), ((THUMB, INDEX), 0.30), ((INDEX, LITTLE), 0.10), ((THUMB, LITTLE), 0.10)],
    3: [
        ((INDEX, MIDDLE, RING), 0.40),
        ((THUMB, INDEX, MIDDLE), 0.35),
        ((MIDDLE, RING, LITTLE), 0.15),
        ((THUMB, INDEX, LITTLE), 0.10),
    ],
    4: [((INDEX, MIDDLE, RING, LITTLE), 0.80), ((THUMB, INDEX, MIDDLE, RING), 0.20)],
    5: [((THUMB, INDEX, MIDDLE, RING, LITTLE), 1.0)],
}

# Knuckle position on the palm, length of the three phalanges, radius at the four ends, lean in degrees towards the
# thumb.
FINGERS = {
    INDEX: ((0.33, 0.40), (0.47, 0.28, 0.23), (0.122, 0.112, 0.098, 0.080), 7.0),
    MIDDLE: ((0.11, 0.45), (0.52, 0.32, 0.24), (0.124, 0.114, 0.100, 0.082), 1.0),
    RING: ((-0.11, 0.42), (0.48, 0.30, 0.24), (0.120, 0.108, 0.095, 0.078), -5.0),
    LITTLE: ((-0.32, 0.33), (0.38, 0.22, 0.21), (0.106, 0.095, 0.084, 0.069), -13.0),
}
THUMB_ROOT = (0.27, -0.42, 0.06)
THUMB_LENGTHS = (0.44, 0.34, 0.28)
THUMB_RADII = (0.205, 0.150, 0.128, 0.096)


@dataclass
class Bone:
    """A rounded, tapering stretch of hand between two joints."""

    start: np.ndarray
    end: np.ndarray
    start_radius: float
    end_radius: float
    # How far it bulges towards the viewer, as a share of its radius: the palm is flatter than a finger.
    bulge: float = 1.0
    # Palm bones melt into one surface; the others keep the edge where they pass in front of it.
    melts: bool = False
    # Darkness of the skin fold across the bone, and how far from its start it lies.
    fold: float = 0.0
    fold_distance: float = 0.02
    is_sleeve: bool = False


@dataclass
class Hand:
    bones: list[Bone] = field(default_factory=list)
    # Palm lines, each a sequence of points on the skin.
    lines: list[np.ndarray] = field(default_factory=list)
    # Points that must stay inside the picture; the forearm is not among them.
    landmarks: list[np.ndarray] = field(default_factory=list)


def direction(lean_degrees, curl_degrees):
    """Unit vector that leans from straight up towards the thumb and curls to the viewer."""
    lean, curl = np.radians(lean_degrees), np.radians(curl_degrees)
    return np.array([np.sin(lean) * np.cos(curl), np.cos(lean) * np.cos(curl), np.sin(curl)])


def choose_fingers(count, random):
    combinations = COMBINATIONS[count]
    weights = [weight for _, weight in combinations]
    return set(combinations[random.choice(len(combinations), p=weights)][0])


def chain(root, leans, curls, lengths):
    """Joints of a finger from its root outwards; `curls` add up along the finger as they do at real joints."""
    joints = [np.asarray(root, dtype=float)]
    total_curl = 0.0
    for lean, curl, length in zip(leans, curls, lengths):
        total_curl += curl
        joints.append(joints[-1] + length * direction(lean, total_curl))
    return joints


def finger_joints(finger, is_up, spread, length_factor, random):
    (x, y), lengths, _, natural_lean = FINGERS[finger]
    lengths = [length * length_factor for length in lengths]
    lean = natural_lean * spread + random.normal(0, 1.5)
    if is_up:
        bend = abs(random.normal(0, 5))
        curls = [random.uniform(-4, 10), bend, 0.7 * bend]
        sway = random.normal(0, 2.0)
        leans = [lean, lean + sway, lean + 1.6 * sway]
    else:
        # Proximal phalanx towards the viewer, middle one down in front of the palm, tip back into it.
        curls = [random.uniform(72, 86), random.uniform(92, 104), random.uniform(35, 65)]
        # Folded fingers lie side by side and point at the heel of the thumb.
        leans = [0.25 * natural_lean + random.normal(0, 1.5)] * 3
    return chain((x, y, -0.03 if is_up else 0.02), leans, curls, lengths)


def thumb_joints(is_up, fingers_up, length_factor, random):
    lengths = [length * length_factor for length in THUMB_LENGTHS]
    if is_up:
        lean = random.uniform(34, 58)
        outward = random.uniform(-14, 8)
        return chain(
            THUMB_ROOT,
            [lean, lean + outward, lean + outward + random.uniform(-12, 16)],
            [random.uniform(0, 22), random.uniform(-12, 4), random.uniform(-8, 6)],
            lengths,
        )
    # Laid across the palm, or over the fingers that are folded: a fist's thumb reaches less far than one that has to
    # hold down the ring and little finger.
    over_index = INDEX not in fingers_up
    lean = random.uniform(18, 34)
    across = random.uniform(-62, -34) if over_index else random.uniform(-72, -44)
    return chain(
        THUMB_ROOT,
        [lean, across, across + random.uniform(-32, -4)],
        [random.uniform(56, 66), random.uniform(-56, -44), random.uniform(-12, 2)],
        lengths,
    )


def limb(joints, radii, width_factor, folds):
    return [
        Bone(joints[i], joints[i + 1], radii[i] * width_factor, radii[i + 1] * width_factor, fold=folds[i])
        for i in range(len(joints) - 1)
    ]


def palm_bones(finger_roots, thumb):
    bones = []
    wrist_points = [np.array([x, -0.62, -0.02]) for x in (0.17, 0.06, -0.06, -0.17)]
    for wrist, root in zip(wrist_points, finger_roots):
        bones.append(Bone(wrist, root, 0.19, 0.135, bulge=0.75, melts=True))
    # Webs between neighbouring fingers, a little above the knuckles.
    for left, right in zip(finger_roots, finger_roots[1:]):
        lift = np.array([0.0, 0.07, 0.0])
        bones.append(Bone(left + lift, right + lift, 0.095, 0.095, bulge=0.9, melts=True))
    # The heel of the hand on the little finger's side.
    bones.append(Bone(np.array([-0.27, -0.42, 0.02]), np.array([-0.33, 0.12, 0.0]), 0.19, 0.15, melts=True))
    # The ball of the thumb, and the skin that stretches from it to the index finger.
    bones.append(Bone(thumb[0], thumb[1], THUMB_RADII[0], THUMB_RADII[1], melts=True))
    for along_thumb, along_index in ((0.45, 0.35), (0.75, 0.62), (0.95, 0.78)):
        start = thumb[0] + along_thumb * (thumb[1] - thumb[0])
        end = wrist_points[0] + along_index * (finger_roots[0] - wrist_points[0])
        start = start * np.array([1, 1, 0.6])
        bones.append(Bone(start, end, 0.11, 0.13, bulge=0.7, melts=True))
    return bones


def arm_bones(random):
    wrist = np.array([0.0, -0.58, -0.06])
    lean = random.normal(0, 7)
    towards_elbow = -direction(lean, 0)
    width = random.uniform(0.27, 0.33)
    bones = [Bone(wrist, wrist + 4.0 * towards_elbow, width, width + 0.25, bulge=0.7, melts=True)]
    if random.random() < 0.25:
        cuff = wrist + random.uniform(0.25, 0.6) * towards_elbow
        bones.append(Bone(cuff, cuff + 4.0 * towards_elbow, width + 0.06, width + 0.35, bulge=0.8, is_sleeve=True))
    return bones


def palm_lines(random):
    def curve(points):
        points = np.array(points) + random.normal(0, 0.02, (len(points), 2))
        return np.column_stack([points, np.full(len(points), 0.1)])

    return [
        curve([(0.34, 0.18), (0.18, 0.10), (0.05, -0.10), (0.02, -0.32), (0.06, -0.52)]),
        curve([(0.36, 0.16), (0.14, 0.08), (-0.08, -0.02), (-0.30, -0.14)]),
        curve([(0.18, 0.36), (0.02, 0.24), (-0.18, 0.20), (-0.38, 0.20)]),
    ]


def build_hand(count, is_left, random):
    """A hand that shows `count` fingers, before it is turned, scaled and placed in the picture."""
    up = choose_fingers(count, random)
    spread = random.uniform(0.5, 2.0)
    finger_length = random.uniform(0.88, 1.12)
    width = random.uniform(0.92, 1.12)

    hand = Hand(lines=palm_lines(random))
    roots = []
    for finger in (INDEX, MIDDLE, RING, LITTLE):
        is_up = finger in up
        joints = finger_joints(finger, is_up, spread, finger_length * random.uniform(0.96, 1.04), random)
        folds = (0.30, 0.34, 0.26) if is_up else (0.0, 0.10, 0.10)
        bones = limb(joints, FINGERS[finger][2], width, folds)
        # The palm reaches up to here; below it a finger has no edge of its own.
        bones[0].fold_distance = 0.16
        hand.bones += bones
        hand.landmarks += joints
        roots.append(joints[0])
    thumb = thumb_joints(THUMB in up, up, finger_length * random.uniform(0.95, 1.05), random)
    hand.bones += limb(thumb[1:], THUMB_RADII[1:], width, (0.22, 0.26))
    hand.landmarks += thumb
    hand.landmarks.append(np.array([0.0, -0.70, 0.0]))
    hand.bones += palm_bones(roots, thumb) + arm_bones(random)
    if is_left:
        transform(hand, np.diag([-1.0, 1.0, 1.0]))
    return hand


def transform(hand, matrix, offset=0.0):
    """Moves every point of the hand; radii are left to the caller."""
    for bone in hand.bones:
        bone.start = matrix @ bone.start + offset
        bone.end = matrix @ bone.end + offset
    hand.lines = [line @ matrix.T + offset for line in hand.lines]
    hand.landmarks = [matrix @ point + offset for point in hand.landmarks]
