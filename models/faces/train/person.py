"""Who is drawn: the answers of the three tasks, and all that is chosen before the first stroke."""

from dataclasses import dataclass

import numpy as np

from canvas import mix

AGE_LABELS = ("0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60+")
GLASSES_LABELS = ("no", "yes")
EXPRESSION_LABELS = ("neutral", "happy", "sad", "surprised", "angry")
NEUTRAL, HAPPY, SAD, SURPRISED, ANGRY = range(len(EXPRESSION_LABELS))
OLDEST = 76

SKIN_TONES = [(255, 226, 200), (243, 199, 160), (226, 174, 126), (198, 136, 90), (146, 92, 62), (98, 64, 48)]
HAIR_TONES = [(28, 24, 26), (66, 42, 30), (110, 70, 40), (170, 112, 58), (222, 184, 112), (168, 70, 36)]
GREY = (206, 206, 210)


def bright(random, low=40, high=245):
    """Any colour, as of clothes."""
    return random.uniform(low, high, 3)


def tone(random, tones):
    """A colour between two neighbours of a list, slightly off."""
    place = random.uniform(0, len(tones) - 1)
    first = min(int(place), len(tones) - 2)
    return mix(tones[first], tones[first + 1], place - first) + random.normal(0, 5, 3)


@dataclass
class Person:
    age: int
    glasses: int
    expression: int
    # How strongly the expression shows, 0 to 1.
    strength: float
    # How old, in years, the proportions, the skin and the hair look: each is off by itself, so that none tells alone.
    shape_age: float
    skin_age: float
    hair_age: float
    skin: np.ndarray
    hair: np.ndarray
    half_width: float
    # How much narrower the chin is than the cheeks, and how square the jaw.
    taper: float
    squareness: float
    eye_height: float
    eye_size: float

    @property
    def childhood(self):
        """1 for a newborn, halved every eight years: what round faces and large eyes follow."""
        return float(np.exp(-max(self.shape_age, 0) / 11))

    def wear(self, start, full):
        """0 until the skin looks `start` years old, 1 from `full` on: for all that years leave behind."""
        return float(np.clip((self.skin_age - start) / (full - start), 0, 1))

    def outline(self, angles):
        """The edge of the head; angle 0 is the crown, positive ones are on the right, 180 degrees the chin."""
        across, down = np.sin(angles), -np.cos(angles)
        jaw = np.clip(down, 0, None)
        across = np.sign(across) * np.abs(across) ** (1 - self.squareness * (jaw > 0))
        cheeks = 0.10 * self.childhood * np.exp(-(((down - 0.4) / 0.3) ** 2))
        jowls = 0.10 * self.wear(44, 76) * np.exp(-(((down - 0.68) / 0.2) ** 2))
        width = self.half_width * (1 - self.taper * jaw**1.6 + cheeks + jowls)
        return np.column_stack([across * width, down])


def decade(age):
    return min(age // 10, len(AGE_LABELS) - 1)


def make_person(random):
    """Each class of each task is equally frequent, and none depends on another."""
    group = random.integers(len(AGE_LABELS))
    age = int(random.integers(10 * group, 10 * group + 10 if group < len(AGE_LABELS) - 1 else OLDEST))
    # Half a year old or seventy-five: years show the less, the more there are.
    looks = age + 0.5 + random.normal(0, 0.7 + 0.02 * age)
    shape_age, skin_age, hair_age = looks + random.normal(0, 0.8 + 0.06 * age, 3)
    childhood = np.exp(-max(shape_age, 0) / 11)
    skin = tone(random, SKIN_TONES)
    if random.random() < 0.12:
        skin = mix(skin, bright(random, 110, 240), random.uniform(0.4, 0.8))
    hair = tone(random, HAIR_TONES) if random.random() < 0.8 else bright(random)
    grey = 1 / (1 + np.exp((52 - hair_age) / 5.5))
    return Person(
        age=age,
        glasses=int(random.integers(len(GLASSES_LABELS))),
        expression=int(random.integers(len(EXPRESSION_LABELS))),
        strength=random.uniform(0.35, 1),
        shape_age=shape_age,
        skin_age=skin_age,
        hair_age=hair_age,
        skin=skin,
        hair=mix(hair, np.array(GREY) + random.normal(0, 14), grey),
        half_width=0.76 + 0.18 * childhood + random.normal(0, 0.035),
        taper=np.clip(0.34 - 0.16 * childhood + random.normal(0, 0.07), 0.08, 0.5),
        squareness=random.uniform(0, 0.35) * (1 - childhood),
        eye_height=-0.04 + 0.28 * childhood + random.normal(0, 0.025),
        eye_size=0.125 + 0.085 * childhood + random.normal(0, 0.012),
    )
