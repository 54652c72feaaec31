"""The printing types: faces of Debian's font packages, sorted into groups as in the competition on historical documents."""

import sys
from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDER = Path("/usr/share/fonts")

# The package of each file, so that a missing one can be named.
FACES = {
    "antiqua": {
        "EBGaramond12-Regular.otf": "fonts-ebgaramond",
        "Cardo104s.ttf": "fonts-cardo",
        "GoudyBookletter1911.otf": "fonts-goudybookletter",
        "LindenHill.otf": "fonts-lindenhill",
        "FanwoodText.otf": "fonts-fanwood",
        "Essays1743.ttf": "fonts-essays1743",
        "Spira-ProtoRoman110R.otf": "fonts-gotico-antiqua",
        "Sweynheim&Pannartz-ProtoRoman115R.otf": "fonts-gotico-antiqua",
    },
    "fraktur": {
        "FetteClassicUNZFraktur.ttf": "fonts-cegui",
        "KaTeX_Fraktur-Regular.ttf": "fonts-katex",
        "KaTeX_Fraktur-Bold.ttf": "fonts-katex",
    },
    "gotico_antiqua": {
        "Fust&Schoeffer-Durandus-GoticoAntiqua118G.otf": "fonts-gotico-antiqua",
        "Rusch-GoticoAntiqua100G.otf": "fonts-gotico-antiqua",
        "Zainer-GoticoAntiqua96G.otf": "fonts-gotico-antiqua",
        "Parix-Hybrid111R.otf": "fonts-gotico-antiqua",
        "SouffletVert-Hybrid106R.otf": "fonts-gotico-antiqua",
    },
    "greek": {
        "GFSGazis.otf": "fonts-gfs-gazis",
        "GFSPorson.otf": "fonts-gfs-porson",
        "GFSPolyglot.otf": "fonts-gfs-complutum",
        "GFSDidotClassic.otf": "fonts-gfs-didot-classic",
        "GFSSolomos.otf": "fonts-gfs-solomos",
        "GFSBaskerville.otf": "fonts-gfs-baskerville",
    },
    "hebrew": {
        "FrankRuehlCLM-Medium.ttf": "culmus",
        "HadasimCLM-Regular.ttf": "culmus",
        "KeterYG-Medium.ttf": "culmus",
        "ShofarRegular.ttf": "culmus",
        "StamAshkenazCLM.ttf": "culmus",
        "StamSefaradCLM.ttf": "culmus",
        "SILEOT.ttf": "fonts-sil-ezra",
    },
    "italic": {
        "EBGaramond12-Italic.otf": "fonts-ebgaramond",
        "Cardoi99.ttf": "fonts-cardo",
        "LindenHill-Italic.otf": "fonts-lindenhill",
        "FanwoodText-Italic.otf": "fonts-fanwood",
        "Essays1743-Italic.ttf": "fonts-essays1743",
    },
    "textura": {
        "Gamaliel.ttf": "fonts-gamaliel",
        "Isabella.ttf": "fonts-isabella",
        "Blankenburg_UNZ1A.ttf": "fonts-blankenburg",
    },
}

# A letter without ascender, which says how high the text is.
MEASURED = {"greek": "\N{GREEK SMALL LETTER ALPHA}", "hebrew": "\N{HEBREW LETTER HE}"}


@cache
def installed():
    return {path.name: path for path in FOLDER.rglob("*") if path.suffix in (".otf", ".ttf")}


def require_all():
    """Ends the program with the packages to install if a face is missing."""
    wanted = {name: package for faces in FACES.values() for name, package in faces.items()}
    missing = sorted({package for name, package in wanted.items() if name not in installed()})
    if missing:
        sys.exit(f"Debian's font packages are missing. Install them with:\n    apt-get install {' '.join(missing)}")


@cache
def face(group, name, text_height):
    """A face in the size at which its small letters are so many pixels high, rounded as sizes are."""

    def load(size):
        # The basic layout does not depend on the libraries that Pillow was built with.
        return ImageFont.truetype(installed()[name], size, layout_engine=ImageFont.Layout.BASIC)

    _, top, _, bottom = load(200).getbbox(MEASURED.get(group, "x"))
    return load(round(200 * text_height / (bottom - top)))


@cache
def has_letter(font, letter):
    """Whether it is more than the box that stands for letters that a font lacks."""
    return bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))
