"""What a report of rows says on the wire."""

import json

import orjson
import pytest

from app.domain.row_report import RejectedRow, RepairedRow, RowReport, RowsRejectedError
from app.ingest.table_rows import RowProblems


def test_report_is_json_of_exactly_this_shape_and_reads_back() -> None:
    report = RowReport((RejectedRow(3, "户数", "x", "no"),), (RepairedRow(2, None, None, "made valid"),))
    assert json.loads(orjson.dumps(report.as_json())) == {
        "rejected": [{"row": 3, "column": "户数", "value": "x", "reason": "no"}],
        "repaired": [{"row": 2, "column": None, "value": None, "reason": "made valid"}],
    }
    assert RowReport.from_json(report.as_json()) == report


def test_refusal_names_the_first_row_and_carries_all() -> None:
    problems = RowProblems("a.csv", "line")
    problems.add_repaired(9, "id", "blanks dropped", " a ")
    problems.add_repaired(4, "id", "blanks dropped", " b ")
    problems.add(7, "lon", "is not a number", "é")
    problems.add(4, "lat", "is not a number", float("nan"))
    problems.add(4, "id", "comes too late to be told", 1)
    with pytest.raises(RowsRejectedError, match=r"a\.csv, line 4, column lat: is .* \(1 more row") as refused:
        problems.raise_if_any("households")
    assert [row["row"] for row in refused.value.rejected] == [4, 7]
    assert refused.value.rejected[0]["value"] == "nan"
    # A row that is rejected is not told as repaired as well.
    assert [row["row"] for row in refused.value.repaired] == [9]


@pytest.mark.parametrize(
    ("value", "told"),
    [(2**70, str(2**70)), (-3, -3), (True, True), ([1], "[1]"), ("长" * 500, "长" * 200 + "...")],
)
def test_values_are_told_so_that_any_json_writer_takes_them(value: object, told: object) -> None:
    problems = RowProblems("a.csv", "line")
    problems.add(2, "id", "no", value)
    assert problems.report().rejected[0].value == told
    orjson.dumps(problems.report().as_json())
