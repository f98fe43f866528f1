import numpy as np
import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st

from app.routers.paging import PageRequest, cut_page, read_cursor, write_cursor

IDS = np.asarray(["a", "b/1", "b/10", "b/2", "é", "京"])


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_cursor_comes_back_as_it_was(last_id: str) -> None:
    assert read_cursor(write_cursor(last_id)) == last_id


@given(st.text())
def test_no_text_breaks_the_reading_of_a_cursor(text: str) -> None:
    try:
        last_id = read_cursor(text)
    except RequestValidationError:
        return
    assert write_cursor(last_id) == text


@given(st.sets(st.integers(0, 5)), st.integers(1, 7))
def test_pages_hold_every_match_once_and_none_is_empty(matching: set[int], limit: int) -> None:
    positions = np.asarray(sorted(matching), dtype=np.int64)
    seen: list[int] = []
    cursor = None
    while True:
        page = cut_page(IDS, positions, PageRequest(limit, None if cursor is None else read_cursor(cursor)))
        assert page.matched == len(matching)
        assert len(page.positions) > 0 or not matching
        seen += page.positions.tolist()
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == sorted(matching)


@pytest.mark.parametrize(("after", "rest"), [("b", 5), ("b/1", 4), ("b/11", 3), ("~", 2), ("\U0001f600", 0)])
def test_a_page_may_begin_after_an_id_that_is_gone(after: str, rest: int) -> None:
    assert len(cut_page(IDS, np.arange(6), PageRequest(10, after)).positions) == rest
