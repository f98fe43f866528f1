"""Archives that strangers packed: looked at before anything is taken out of them."""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from app.domain.errors import BadInputError
from app.ingest.table_rows import listed
from app.ingest.table_source import MAX_UNPACKED_BYTES, Source

MAX_MEMBERS = 10_000
MAX_RATIO = 200
"""Of unpacked to packed size. Tables of blanks reach 50; deflate's most, zeros alone, is 1,030."""

RATIO_FREE_BYTES = 50 * 2**20
"""Archives that unpack to less do no harm, whatever their ratio."""

ENCRYPTED = 0x1
ARCHIVES = (".zip", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar", ".tgz")
IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db")
BLOCK_BYTES = 2**20

Members = dict[str, zipfile.ZipInfo]


@contextmanager
def opened(
    source: Source, format_name: str, *, nested: bool = False
) -> Iterator[tuple[zipfile.ZipFile, Members]]:
    """An archive that is safe to unpack, with its files by name.

    Parameters
    ----------
    source : Source
    format_name : str
        What the file should be, for messages.
    nested : bool
        Whether archives inside are fine, since nobody will look into them.

    Raises
    ------
    BadInputError
        If it is damaged, encrypted, much larger unpacked than packed, or has names that lead out of a folder,
        links or archives in it. Also if what is done with it meanwhile runs into damage.
    """
    source.must_begin_with(b"PK", format_name)
    try:
        with zipfile.ZipFile(source.path) as archive:
            yield archive, _checked(archive, source.file, nested=nested)
    except (BadInputError, MemoryError):
        raise
    # zipfile lets through whatever its parts raise of damage, of unknown methods and of encryption.
    except Exception as error:
        raise BadInputError(source.file, f"is damaged or not a {format_name}; pack it again") from error


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write a file of an archive under a name of ours; never more than it said it had."""
    left = member.file_size
    with archive.open(member) as packed, target.open("xb") as stream:
        while block := packed.read(BLOCK_BYTES):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile
            stream.write(block)


def _checked(archive: zipfile.ZipFile, file: str, *, nested: bool) -> Members:
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise BadInputError(file, f"has {len(infos)} files in it; pack the layer's own files alone")
    members: Members = {}
    for info in infos:
        _refuse_harm(info, file, nested=nested)
        if not info.filename.endswith("/") and not any(part in info.filename for part in IGNORED):
            if info.filename in members:
                raise BadInputError(file, f"has two files named {listed([info.filename])}; pack it again")
            members[info.filename] = info
    unpacked = sum(info.file_size for info in infos)
    packed = max(1, sum(info.compress_size for info in infos))
    is_bomb = unpacked > RATIO_FREE_BYTES and unpacked / packed > MAX_RATIO
    if unpacked > MAX_UNPACKED_BYTES or is_bomb:
        raise BadInputError(
            file,
            f"would unpack to {unpacked / 2**20:,.0f} MB, {unpacked / packed:,.0f} times its size; at most "
            f"{MAX_UNPACKED_BYTES / 2**20:,.0f} MB and {MAX_RATIO} times are read: split it, or use another format",
        )
    return members


def _refuse_harm(info: zipfile.ZipInfo, file: str, *, nested: bool) -> None:
    name = info.filename
    shown = listed([name])
    # zipfile itself turns backslashes into slashes on Windows alone.
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if ".." in parts or name.startswith(("/", "\\")) or ":" in (parts[0] if parts else ""):
        raise BadInputError(file, f"has a path in it that leads out of it ({shown}); nothing was unpacked")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise BadInputError(file, f"has a link in it ({shown}); pack the file itself")
    if info.flag_bits & ENCRYPTED:
        raise BadInputError(file, f"is encrypted ({shown}); pack it without a password")
    if not nested and name.lower().endswith(ARCHIVES):
        raise BadInputError(file, f"has an archive in it ({shown}); unpack that one and give it by itself")
