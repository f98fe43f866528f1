"""A few of the damaged uploads that `scripts/fuzz_uploads.py` sends by the ten thousand."""

from scripts.fuzz_uploads import fuzz


def test_damaged_uploads_change_nothing() -> None:
    seen = fuzz(150)
    assert seen["422"] > 20
    assert seen["job failed"] > 5
