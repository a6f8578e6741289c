"""Makes the two fonts of this folder from those of npm: the characters nearly every page needs, the weights the style
sheets use, no ligatures of code. All other characters stay in the fonts of npm, which browsers fetch when one appears.

    npm ci && python3 -m venv target/fonts && target/fonts/bin/pip install fonttools==4.68.0 brotli==1.2.1
    target/fonts/bin/python style/fonts/make.py

Run it again, and commit what it wrote, when `BASIC` or the fonts in package.json change. Both fonts are under the SIL
Open Font License 1.1 (OFL.txt beside this file; who made them stands in the files' name tables too).
"""

from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

HERE = Path(__file__).parent
NPM = HERE.parent.parent / "node_modules/@fontsource-variable"

# ASCII, no-break space, and the signs Gantry itself writes; the same as `unicode-range` in ../fonts.css.
BASIC = [*range(0x20, 0x7F), 0xA0, 0xB7, 0xD7, 0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x2212]

# `calt` draws arrows and lifts colons in Inter; in code it is switched off, so there it would only weigh.
FONTS = [
    ("inter/files/inter-latin-wght-normal.woff2", "inter-basic.woff2", ["calt", "ccmp", "kern", "mark", "mkmk", "tnum"]),
    ("jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2", "jetbrains-mono-basic.woff2", ["ccmp", "mark"]),
]

# From the canvas's 400 to the boldest, 700.
WEIGHTS = (400, 700)


def make(source: str, name: str, features: list[str]) -> None:
    font = TTFont(NPM / source, recalcTimestamp=False)
    options = subset.Options()
    options.layout_features = features
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.glyph_names = False
    options.hinting = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=BASIC)
    subsetter.subset(font)
    font = instancer.instantiateVariableFont(font, {"wght": WEIGHTS})
    font.flavor = "woff2"
    font.save(HERE / name)
    print(f"{name}: {(HERE / name).stat().st_size} bytes")


for entry in FONTS:
    make(*entry)
