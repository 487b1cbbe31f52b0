"""Texts from outside, as a terminal or a log may have them."""

import sys
from unicodedata import category

import pytest

from lazyjobs.texts import block, cut, one_line, shorten, visible, width


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain and ünï 漢字 ☂", "plain and ünï 漢字 ☂"),
        ("שלום ไทย้ เฎ็์ หนี้ Việt e\u0302\u0301", "שלום ไทย้ เฎ็์ หนี้ Việt e\u0302\u0301"),
        ("\x1b[2J\x07\x9b\x7f", "\\x1b[2J\\x07\\x9b\\x7f"),
        ("a\r\nb\tc\x0bd\x85e\u2028f", "a\\r\\nb\\tc\\x0bd\\x85e\\u2028f"),
        ("\u202eabc\u2066d\u200b\ufeff\u00ad", "\\u202eabc\\u2066d\\u200b\\ufeff\\xad"),
        ("\ud800\U000e0041", "\\ud800\\U000e0041"),
        ("\u3164\u115f\u1160\uffa0\u2800", "\\u3164\\u115f\\u1160\\uffa0\\u2800"),
        ("a\ufe0fb\ufe00c\U000e0100d\u180b\u034f", "a\\ufe0fb\\ufe00c\\U000e0100d\\u180b\\u034f"),
        ("\xa0\u3000\u2003", "\\xa0\\u3000\\u2003"),
        ("a\u200d\u200c\u2060\u2064\u061c", "a\\u200d\\u200c\\u2060\\u2064\\u061c"),
    ],
)
def test_nothing_but_text_reaches_a_terminal(text: str, seen: str) -> None:
    assert visible(text) == seen
    assert visible(seen) == seen
    assert seen.isprintable()


def test_no_character_that_unicode_calls_ignorable_or_blank_is_left() -> None:
    ignorable = {
        0x34F,
        *(0x115F, 0x1160),
        *(0x17B4, 0x17B5),
        *range(0x180B, 0x1810),
        0x2065,
        0x3164,
        *range(0xFE00, 0xFE10),
        0xFFA0,
        *range(0xFFF0, 0xFFF9),
        *range(0xE0000, 0xE1000),
    }
    unseen = {each for each in range(sys.maxunicode + 1) if category(chr(each))[0] in "CZ"} - {ord(" ")}
    left = [hex(each) for each in ignorable | unseen if chr(each) in visible(f"a{chr(each)}b")]
    assert left == []


def test_a_pile_of_combining_marks_is_cut_down_to_what_a_language_needs() -> None:
    assert visible("a" + "\u0301" * 6 + "b\u0301") == "a" + "\u0301" * 4 + "\\u0301" * 2 + "b\u0301"
    assert visible("a" + "\u0489\u0334" * 3) == "a" + "\u0489\u0334" * 2 + "\\u0489\\u0334"


def test_a_mark_at_the_beginning_does_not_join_what_stands_before() -> None:
    assert visible("\u0338= 1") == "\\u0338= 1"


def test_what_is_spared_stays() -> None:
    assert visible("a\nb\tc\r\u200d", spare="\n\t") == "a\nb\tc\\r\\u200d"


def test_a_message_keeps_no_layout_of_its_own() -> None:
    assert one_line("first\n   second\t\x1b[2J") == "first second \\x1b[2J"


def test_the_lines_of_a_block_are_indented_and_look_like_no_line_beside_it() -> None:
    text = "Traceback:\n  File\n\n2030-01-01 00:00:00,000 INFO all is well\r\u2028\x1b[1A\n"
    assert block(text) == (
        "    Traceback:\n      File\n\n    2030-01-01 00:00:00,000 INFO all is well\\r\\u2028\\x1b[1A"
    )


def test_a_long_text_keeps_its_beginning_and_its_end() -> None:
    assert shorten("short", 5) == "short"
    assert shorten("a" * 75 + "x" * 900 + "b" * 25, 100) == ("a" * 75 + " [… 900 characters left out …] " + "b" * 25)


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("exactly", 7, "exactly"),
        ("too long", 7, "too lo…"),
        ("漢字", 4, "漢字"),
        ("漢字漢字", 5, "漢字…"),
        ("漢字漢字", 4, "漢…"),
        ("a" + "\u0301" * 50, 5, "a\u0301\u0301\u0301…"),
        ("abc", 1, "…"),
    ],
)
def test_a_text_is_cut_by_the_cells_that_it_takes(text: str, most: int, short: str) -> None:
    assert cut(text, most) == short
    assert width(short) <= most
