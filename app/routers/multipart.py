"""Uploads, streamed from the socket to their files: memory stays the same however large they are.

Frameworks keep a whole form before a handler sees it. Here every part is judged when its header has come: a field
that nobody asked for is refused before its content is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.domain.errors import NotMultipartError, UploadTooLargeError
from app.problems import UNREAD, invalid_parameter

MEGABYTE = 1_000_000
LONGEST_TEXT = 100_000
"""Bytes of a field that is no file."""
LONGEST_NAME = 100

_UNSAFE = re.compile(r"[^\w.\- ]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Form:
    """What a form may hold: names of its files and of its text fields, each with a description."""

    files: Mapping[str, str]
    texts: Mapping[str, str]


@dataclass
class ReceivedForm:
    """What a form held."""

    files: dict[str, Path] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def check_upload(request: Request, limit_mb: int) -> bytes:
    """Refuse an upload by its headers alone; returns the boundary of its parts.

    Raises
    ------
    UploadTooLargeError, NotMultipartError
    """
    request.scope[UNREAD] = True
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit_mb * MEGABYTE:
        raise UploadTooLargeError(limit_mb)
    content_type = request.headers.get("content-type", "")
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise NotMultipartError(content_type)
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise invalid_parameter(
            ("Content-Type", "has no boundary; let your HTTP library write it"), where="header"
        )
    return boundary


async def receive_form(request: Request, form: Form, folder: Path, limit_mb: int) -> ReceivedForm:
    """Read a form to its end; its files go to ``folder/FIELD/NAME``.

    Raises
    ------
    UploadTooLargeError
        As soon as more than the limit has come.
    RequestValidationError
        If the form is damaged, or has a field that is unknown or repeated; names the field.
    StorageFullError
        If the disk has no room for it.
    """
    reader = _Reader(check_upload(request, limit_mb), form, folder)
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit_mb * MEGABYTE:
                raise UploadTooLargeError(limit_mb)
            await run_in_threadpool(reader.write, chunk)
    except ClientDisconnect:
        raise HTTPException(400) from None  # nobody is there to hear it
    finally:
        reader.close()
    return reader.result()


class _Reader:
    """Turns what the parser finds into fields and files."""

    def __init__(self, boundary: bytes, form: Form, folder: Path) -> None:
        self._form = form
        self._folder = folder
        self._received = ReceivedForm()
        self._header = [b"", b""]
        self._disposition = b""
        self._name = ""
        self._text: bytearray | None = None
        self._file: IO[bytes] | None = None
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_begin": self._begin_header,
                    "on_header_field": self._read_header_name,
                    "on_header_value": self._read_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._read_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _damaged(error) from error

    def write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _damaged(error) from error

    def result(self) -> ReceivedForm:
        if not self._ended:
            raise invalid_parameter(
                ("form", "ends before its last part is complete; send it again"), where="body"
            )
        return self._received

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin_part(self) -> None:
        self._disposition = b""

    def _begin_header(self) -> None:
        self._header = [b"", b""]

    def _read_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _read_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _end_header(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = name = _decode(options.get(b"name", b""))
        form, received = self._form, self._received
        if name not in form.files and name not in form.texts:
            known = ", ".join([*form.files, *form.texts])
            raise invalid_parameter(
                (name[:LONGEST_NAME] or "form", f"is unknown; this form takes {known}"), where="body"
            )
        if name in received.files or name in received.texts:
            raise invalid_parameter((name, "is given more than once; give it once"), where="body")
        if name in form.files:
            filename = options.get(b"filename")
            if filename is None:
                raise invalid_parameter((name, "must be a file, with its filename"), where="body")
            path = self._folder / name / _safe_name(_decode(filename), name)
            path.parent.mkdir()
            self._file = path.open("xb")
            received.files[name] = path
        else:
            self._text = bytearray()

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(memoryview(data)[start:end])
        elif self._text is not None:
            self._text += data[start:end]
            if len(self._text) > LONGEST_TEXT:
                raise invalid_parameter((self._name, f"is longer than {LONGEST_TEXT} bytes"), where="body")

    def _end_part(self) -> None:
        if self._text is not None:
            self._received.texts[self._name] = _read_text(self._name, bytes(self._text))
            self._text = None
        self.close()

    def _end(self) -> None:
        self._ended = True


def _read_text(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise invalid_parameter((name, "is no text in UTF-8"), where="body") from None
    if _CONTROL.search(text):
        raise invalid_parameter((name, "holds control characters"), where="body")
    return text


def _decode(name: bytes) -> str:
    """A name in a header: UTF-8, as browsers and most libraries write it."""
    return name.decode("utf-8", errors="replace")


def _safe_name(filename: str, otherwise: str) -> str:
    """A name for the file that climbs out of no folder and keeps its endings, which say the format."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    kept = _UNSAFE.sub("_", last).strip(". ")
    while len(kept.encode()) > LONGEST_NAME:
        kept = kept[1:]
    return kept.lstrip(". ") or otherwise


def _damaged(error: FormParserError) -> Exception:
    del error  # it speaks of the parser's own states
    return invalid_parameter(("form", "is damaged; let your HTTP library write it"), where="body")
