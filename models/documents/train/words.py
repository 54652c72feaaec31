"""Words that mean nothing, in three alphabets, spelled as the years had it."""

ONSETS = "b c d f g h l m n p qu r s t v pr tr st sp gr cl br fl sc".split()
VOWELS = "a e i o u ae ia io".split()
ENDINGS = "s m t r n que rum tis ns x us am is it".split()

GREEK_ONSETS = "β γ δ ζ θ κ λ μ ν ξ π ρ σ τ φ χ ψ πρ στ τρ κλ".split()
GREEK_VOWELS = "α ε η ι ο υ ω αι ει ου".split()
GREEK_ENDINGS = "ς ν ι ρ".split()

HEBREW = "אבגדהוזחטיכלמנסעפצקרשת"
HEBREW_FINAL = str.maketrans("כמנפצ", "ךםןףץ")


def syllables(random, onsets, vowels, endings):
    word = "".join(random.choice(onsets) + random.choice(vowels) for _ in range(random.integers(1, 4)))
    return word + random.choice(endings) if random.random() < 0.7 else word


def latin(random, oldness):
    """`oldness` 1: long s within words, v for u at their start and u for v within. 0: as today, more capitals."""
    word = syllables(random, ONSETS, VOWELS, ENDINGS)
    if random.random() < oldness:
        word = word[:-1].replace("s", "ſ") + word[-1]
        word = word[0].replace("u", "v") + word[1:].replace("v", "u")
    return word.capitalize() if random.random() < 0.35 - 0.3 * oldness else word


def hebrew(random):
    """From left to right, as it is drawn: the last letter comes first."""
    letters = "".join(random.choice(list(HEBREW), random.integers(2, 7)))
    return letters[0].translate(HEBREW_FINAL) + letters[1:]


def word(random, group, oldness):
    if group == "hebrew":
        return hebrew(random)
    if group == "greek":
        return syllables(random, GREEK_ONSETS, GREEK_VOWELS, GREEK_ENDINGS)
    return latin(random, oldness)
