"""Answers: bytes on stdout, or a file that is there whole or not at all."""

import io
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from app.domain.errors import BadInputError

PIPE_COLUMNS = 120
"""Width of tables where no terminal says its own."""


def check_output(path: Path | None) -> None:
    """Refuse a file that cannot be written, before any work is done for it.

    Raises
    ------
    BadInputError
        If it is a directory or would stand in one that does not exist.
    """
    if path is None or _is_stdout(path):
        return
    if path.is_dir():
        raise BadInputError(str(path), "is a directory; name a file inside it")
    if not path.parent.exists():
        raise BadInputError(str(path), f"the directory {path.parent} does not exist; make it first")
    if not path.parent.is_dir():
        raise BadInputError(str(path), f"{path.parent} is not a directory; name a file in a directory")


def write_bytes(chunks: Iterable[bytes], path: Path | None = None) -> None:
    """Write to a file, or to stdout without one (or with ``-``).

    Raises
    ------
    BadInputError
        If the file cannot be written; what stood there before is then untouched.
    """
    if path is None or _is_stdout(path):
        sys.stdout.flush()
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    check_output(path)
    try:
        _write_file(path.resolve(), chunks)  # resolved: a link goes on pointing to what is replaced
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadInputError(
            str(path), f"cannot be written ({error.strerror or error}); name another file with -o"
        ) from error


def write_json(value: Any, path: Path | None = None) -> None:
    """Indented JSON in UTF-8; what is not finite is null."""
    import orjson

    write_bytes([orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)], path)


def write_tables(parts: Iterable[Any], path: Path | None = None) -> None:
    """Rich tables and texts: coloured on a terminal, plain text without trailing blanks anywhere else."""
    from rich.console import Console

    to_stdout = path is None or _is_stdout(path)
    if to_stdout and sys.stdout.isatty():
        console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
        for part in parts:
            console.print(part)
        return
    # Explicitly no terminal: variables such as FORCE_COLOR must not put escape codes into a pipe or a file.
    plain = Console(
        file=io.StringIO(),
        force_terminal=False,
        color_system=None,
        width=_asked_columns(),
        markup=False,
        highlight=False,
        emoji=False,
    )
    with plain.capture() as captured:
        for part in parts:
            plain.print(part)
    text = "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
    if to_stdout:
        sys.stdout.write(text)  # in the terminal's own encoding
        sys.stdout.flush()  # a server may follow, and whoever reads the pipe wants this before it ends
    else:
        write_bytes([text.encode()], path)


def silence_stdout() -> None:
    """Let nothing more be written, so that leaving does not fail on what is still buffered."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (OSError, ValueError):
            return


def _is_stdout(path: Path) -> bool:
    return str(path) == "-"


def _asked_columns() -> int:
    columns = os.environ.get("COLUMNS", "")
    return max(40, int(columns)) if columns.isascii() and columns.isdigit() else PIPE_COLUMNS


def _write_file(path: Path, chunks: Iterable[bytes]) -> None:
    if path.exists() and not path.is_file():  # a pipe or a device is written to, not replaced
        with path.open("wb") as stream:
            _write_all(stream, chunks)
        return
    handle, name = tempfile.mkstemp(prefix=".reach15-", dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            _write_all(stream, chunks)
            os.fsync(stream.fileno())
        aside.chmod(_mode_for(path))
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _write_all(stream: BinaryIO, chunks: Iterable[bytes]) -> None:
    stream.writelines(chunks)
    stream.flush()


def _mode_for(path: Path) -> int:
    """Permissions as if the file had been opened in place; temporary files are for their owner alone."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
