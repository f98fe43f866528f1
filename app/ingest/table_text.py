"""Text of a user's file in the encodings that spreadsheets write, told apart strictly."""

import codecs
import re

from app.domain.errors import BadInputError
from app.ingest.table_rows import UTF8_MARK, foreign_content

UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTF16_SAMPLE_BYTES = 4096
UTF16_NUL_SHARE = 0.3
"""A header of ASCII letters in UTF-16 has a NUL in every other byte, other text in none."""

MIN_COMMON_SHARE = 0.75
"""Of characters beyond ASCII, those that GB2312 has. In Chinese text nearly all are; Latin-1 read as GB18030 gives
rare characters at random."""

_PRIVATE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd]")
"""What no text holds, and what damage decodes to."""

_FIX = "save it as UTF-8 (in Excel: 'CSV UTF-8')"


def decode_text(content: bytes, file: str) -> tuple[str, str]:
    """Text of a CSV file, and the name of its encoding.

    UTF-8 with or without byte order mark, UTF-16 with or without, or GB18030 (of which GBK and GB2312 are parts).

    Raises
    ------
    BadInputError
        If it is no text in any of them.
    """
    foreign = foreign_content(content)
    if foreign is not None and not content.startswith(UTF16_MARKS):
        raise BadInputError(file, f"is named as CSV but is {foreign}")
    encoding = _utf16(content)
    if encoding is not None:
        return _strict(content, encoding, file), "UTF-16"
    content = content.removeprefix(UTF8_MARK)
    nul = content.find(b"\0")
    if nul >= 0:
        raise BadInputError(f"{file}, line {_line(content, nul)}", f"holds a NUL byte: damaged text; {_FIX}")
    try:
        return content.decode(), "UTF-8"
    except UnicodeDecodeError as error:
        text = decode_gb18030(content)
        if text is not None:
            return text, "GB18030"
        raise BadInputError(
            f"{file}, line {_line(content, error.start)}", f"is neither UTF-8 nor GBK text; {_FIX}"
        ) from error


def decode_gb18030(content: bytes) -> str | None:
    """The text if it is plausibly Chinese in GB18030, else None."""
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    if _PRIVATE.search(text):
        return None
    beyond = "".join(character for character in text if not character.isascii())
    common = len(beyond.encode("gb2312", errors="ignore")) / 2
    return text if common >= MIN_COMMON_SHARE * len(beyond) else None


def _utf16(content: bytes) -> str | None:
    if content.startswith(UTF16_MARKS):
        return "utf-16"
    sample = content[:UTF16_SAMPLE_BYTES]
    # Two bytes at the least, or the shares mean nothing.
    half = max(1, len(sample) // 2)
    if sample[1::2].count(0) / half > UTF16_NUL_SHARE and not sample[::2].count(0):
        return "utf-16-le"
    if sample[::2].count(0) / half > UTF16_NUL_SHARE and not sample[1::2].count(0):
        return "utf-16-be"
    return None


def _strict(content: bytes, encoding: str, file: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInputError(file, f"begins as UTF-16 text but is damaged; {_FIX}") from error
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise BadInputError(f"{file}, line {line}", f"holds a NUL character: damaged text; {_FIX}")
    return text


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1
