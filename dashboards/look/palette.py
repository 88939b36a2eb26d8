"""Colours and fonts. Paper, water by depth, and the magenta in which charts of the sea mark what matters."""

from typing import Final

PAPER: Final = "#f5f1e6"
CARD: Final = "#fdfbf5"
INK: Final = "#1c2b36"
MUTED: Final = "#66757d"
HAIRLINE: Final = "#ddd5c2"
SHOAL: Final = "#dcebef"
SHALLOW: Final = "#a9cfdb"
WATER: Final = "#5b9fb8"
DEEP: Final = "#1f6480"
ABYSS: Final = "#123a52"
SAND: Final = "#d9a441"
KELP: Final = "#5d8a6a"
MARK: Final = "#b02a7b"
ALARM: Final = "#c4452d"

SANS: Final = '"Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif'

STAGE_COLOURS: Final[dict[str, str]] = {
    "intake": MUTED,
    "dispatch": KELP,
    "fetch": SAND,
    "extraction": KELP,
    "cleaning": WATER,
    "trends": MARK,
    "warehouse": ABYSS,
}
"""Each stage of the line has its colour, the deeper the further down; in plots, lists and legends alike."""

CLASS_COLOURS: Final[dict[str, str]] = {"fetched": DEEP, "failed": ALARM, "filtered": SAND}


def as_css() -> str:
    """The palette as CSS custom properties, so that no colour is written twice."""
    names = ("PAPER", "CARD", "INK", "MUTED", "HAIRLINE", "SHOAL", "SHALLOW", "WATER", "DEEP", "ABYSS", "SAND", "KELP",
             "MARK", "ALARM", "SANS")  # fmt: skip
    properties = "".join(f"--{name.lower()}:{globals()[name]};" for name in names)
    stages = "".join(f"--stage-{stage}:{colour};" for stage, colour in STAGE_COLOURS.items())
    return f":root{{{properties}{stages}}}"
