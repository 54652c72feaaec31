"""What a page is: its labels, which hang together as in a library, and the habits that follow from them.

A house keeps to its habits mostly, not always, and what a year shows is blurred: no label can be told with certainty.
"""

from dataclasses import dataclass

import numpy as np

from fonts import FACES

# Bins of the date task, by their first year.
BIN_YEARS = 75
FIRST_YEARS = (1450, 1525, 1600, 1675)

# How common a group of types is in each bin.
POPULARITY = {
    "antiqua": (1, 1.3, 2, 3),
    "fraktur": (0.7, 2, 2, 1.6),
    "gotico_antiqua": (3, 1.2, 0.5, 0.4),
    "greek": (0.7, 1.2, 1, 1),
    "hebrew": (0.8, 1, 1, 0.8),
    "italic": (0.6, 2, 1.5, 1),
    "textura": (3, 1.5, 0.6, 0.4),
}


@dataclass(frozen=True)
class Script:
    """How the letters stand: ranges of width and slant, and what the pen adds in parts of the letters' height."""

    width: tuple[float, float] = (0.92, 1.08)
    slant: tuple[float, float] = (-0.06, 0.06)
    swing: float = 0.0
    heaviness: float = 0.0
    tremor: float = 0.0


SCRIPTS = {
    "compressa": Script(width=(0.62, 0.76)),
    "currens": Script(slant=(0.16, 0.38), swing=0.25),
    "expansa": Script(width=(1.28, 1.5)),
    "formata": Script(),
    "gravis": Script(heaviness=0.16),
    "tremula": Script(tremor=0.08),
}


@dataclass(frozen=True)
class House:
    """Where a page was made. Colours are red, green and blue in 0 to 1; the ink's is that of young ink."""

    groups: tuple[str, ...]
    scripts: tuple[str, ...]
    paper: tuple[float, float, float]
    ink: tuple[float, float, float]
    decoration: tuple[float, float, float]
    # Shares of the words and of the paragraphs' first letters that are in the colour of decoration.
    rubrics: float
    initials: float
    ruling: str
    # Distance of the lines in heights of small letters, beside what the year adds.
    line_distance: float
    indent: float


HOUSES = {
    "abbey": House(
        ("textura", "gotico_antiqua"), ("formata", "gravis"),
        (0.90, 0.84, 0.70), (0.20, 0.13, 0.08), (0.70, 0.14, 0.10), 0.10, 0.8, "lines", 2.5, 0.0,
    ),
    "cathedral": House(
        ("textura", "antiqua"), ("gravis", "expansa"),
        (0.93, 0.90, 0.82), (0.10, 0.09, 0.10), (0.14, 0.22, 0.58), 0.06, 0.8, "double", 2.8, 0.0,
    ),
    "chancery": House(
        ("fraktur", "italic"), ("currens", "compressa"),
        (0.88, 0.85, 0.78), (0.25, 0.20, 0.14), (0.55, 0.10, 0.12), 0.0, 0.1, "none", 2.3, 1.5,
    ),
    "court": House(
        ("italic", "antiqua"), ("expansa", "currens"),
        (0.95, 0.92, 0.80), (0.14, 0.12, 0.14), (0.62, 0.46, 0.10), 0.08, 0.6, "frame", 3.0, 2.0,
    ),
    "friary": House(
        ("gotico_antiqua", "hebrew"), ("tremula", "compressa"),
        (0.84, 0.76, 0.62), (0.30, 0.20, 0.12), (0.68, 0.20, 0.12), 0.12, 0.2, "lines", 2.4, 0.8,
    ),
    "university": House(
        ("greek", "hebrew"), ("compressa", "formata"),
        (0.91, 0.89, 0.84), (0.12, 0.10, 0.08), (0.20, 0.36, 0.30), 0.02, 0.3, "frame", 2.2, 1.0,
    ),
}  # fmt: skip

# How often a house does as another one does, for each habit; and the spread of what a year shows, in years.
LAPSE = 0.1
BLUR_YEARS = 15
# How much more likely what a house prefers is.
PREFERENCE = 3


@dataclass(frozen=True)
class Traits:
    font: str
    script: str
    location: str
    year: int

    def labels(self):
        first = self.year - (self.year - FIRST_YEARS[0]) % BIN_YEARS
        return {
            "font": self.font,
            "script": self.script,
            "location": self.location,
            "date": f"{first}-{first + BIN_YEARS - 1}",
        }

    def habit(self, random, name):
        house = self.location if random.random() > LAPSE else random.choice(list(HOUSES))
        return getattr(HOUSES[house], name)

    def oldness(self, random):
        """1 for what the first years show, 0 for the last ones."""
        span = len(FIRST_YEARS) * BIN_YEARS
        return float(np.clip(1 - (self.year + random.normal(0, BLUR_YEARS) - FIRST_YEARS[0]) / span, 0, 1))


def choose(random, weights):
    shares = np.array(list(weights.values()), float)
    return str(random.choice(list(weights), p=shares / shares.sum()))


def draw_traits(random):
    """The year first; then the type that is common in it, the house that likes the type, the script the house likes."""
    bin_ = random.integers(len(FIRST_YEARS))
    font = choose(random, {group: POPULARITY[group][bin_] for group in FACES})
    location = choose(random, {name: PREFERENCE if font in house.groups else 1 for name, house in HOUSES.items()})
    liked = HOUSES[location].scripts
    script = choose(random, {name: PREFERENCE if name in liked else 1 for name in SCRIPTS})
    return Traits(font, script, location, int(FIRST_YEARS[bin_] + random.integers(BIN_YEARS)))
