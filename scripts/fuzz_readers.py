"""Feeds damaged files of every format to the readers of users' files: each must be read or refused in one line.

With atheris installed what reaches new code is kept and damaged further; without it damage is random. Ends with the
number of files that were refused and read, or with the traceback of the first that did anything else.

    python scripts/fuzz_readers.py --runs 10000
"""

import argparse
import atexit
import importlib.util
import logging
import random
import resource
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

TELL_EVERY = 1000

MEMORY_BYTES = 6 * 2**30
"""A file that makes a reader ask for more is a finding."""


def main() -> None:
    """Run as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=10_000, help="how many damaged files (10,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="random damage even where atheris is installed")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    guided = not arguments.plain and importlib.util.find_spec("atheris") is not None
    if guided:
        import atheris  # noqa: PLC0415 - Linux alone has it

        with atheris.instrument_imports(include=["app.ingest"]):
            from tests.support import damage  # noqa: PLC0415
    else:
        from tests.support import damage  # noqa: PLC0415
    folder = Path(tempfile.mkdtemp(prefix="reach15-fuzz-"))
    valid = damage.seeds(folder)
    endings = sorted(valid)
    counts: Counter[str] = Counter()

    def tell() -> None:
        print(f"{sum(counts.values())} files: {dict(sorted(counts.items()))}", flush=True)

    atexit.register(tell)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    def one(data: bytes) -> None:
        if len(data) < 2:
            return
        ending = endings[data[0] % len(endings)]
        refused = damage.read_damaged(ending, damage.damaged(valid[ending], data[2:]), data[1], folder)
        counts[f"{ending} {'refused' if refused else 'read'}"] += 1
        if guided and sum(counts.values()) % TELL_EVERY == 0:
            tell()  # libFuzzer ends the process itself, without Python's exit handlers

    if not guided:
        rng = random.Random(arguments.seed)  # noqa: S311 - damage, no secrets
        for _ in range(arguments.runs):
            one(rng.randbytes(2 + 5 * rng.randint(1, 3)))
        return
    corpus = folder / "corpus"
    corpus.mkdir()
    for position in range(len(endings)):
        for how in range(len(damage.READS)):
            (corpus / f"{position}-{how}").write_bytes(bytes([position, how, 0, 0, 0, 0, 0]))
    flags = [
        f"-runs={arguments.runs}",
        f"-seed={arguments.seed}",
        "-max_len=64",
        "-rss_limit_mb=0",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *flags, f"-artifact_prefix={folder}/", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
