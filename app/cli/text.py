"""Text for people: one line on stderr, nothing in it that a terminal would obey."""

import sys
import unicodedata
from typing import Any

_ESCAPED_CATEGORIES = ("Cc", "Cs", "Zl", "Zp")
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They reorder what stands beside them, so that a name could disguise the rest of its line."""


def one_line(text: str) -> str:
    """The text with line breaks, control characters and the like written as escapes."""
    if text.isprintable():
        return text
    return "".join(_escaped(character) for character in text)


def both_names(name: dict[str, str], between: str = " ") -> str:
    """Both names of something, or the one that serves for both."""
    return one_line(name["zh"]) + (between + one_line(name["en"]) if name["en"] != name["zh"] else "")


def limit_words(limit: dict[str, Any]) -> str:
    """A limit with its unit."""
    return f"{limit['minutes']:g} min" if "minutes" in limit else f"{limit['meters']:g} m"


def made_by_line(answer: dict[str, Any]) -> str:
    """What made an answer with verdicts, on one line."""
    area, standard, made_by = answer["area"], answer["standard"], answer["provenance"]
    return (
        f"standard {one_line(standard['id'])} version {one_line(standard['version'])}; "
        f"profile {answer['profile']} at {answer['speed_mps']:.3g} m/s; "
        f"area {area['id']} version {area['version']}; method {made_by['method_version']}; "
        f"reach15 {made_by['software_version']}"
    )


def say(message: str) -> None:
    """One line on stderr, whole however wide the terminal is."""
    if sys.stderr is not None:
        sys.stderr.write(f"reach15: {one_line(message)}\n")
        sys.stderr.flush()


def warn(message: str) -> None:
    """A warning: the command goes on."""
    say(f"warning: {message}")


def _escaped(character: str) -> str:
    if unicodedata.category(character) in _ESCAPED_CATEGORIES or character in _BIDI_CONTROLS:
        return character.encode("unicode_escape", "backslashreplace").decode("ascii")
    return character
