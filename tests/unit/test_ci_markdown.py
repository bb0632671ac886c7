"""What stands in a pull request's comment: data and file names are shown as they are, whatever they try to be."""

from __future__ import annotations

import re
from html import unescape

import pytest
from markdown_it import MarkdownIt

from kgshare.ci.comment import whole
from kgshare.ci.markdown import code, fenced, inline, table


@pytest.mark.parametrize(
    ("text", "kept_apart"),
    [
        ("@curators", "@&#8203;curators"), ("me@evil.example", "me@&#8203;evil.example"),
        ("see WWW.evil.example", "WWW&#8203;.evil"), ("https://evil.example", ":/&#8203;/evil"), ("1. one", "1\\. one"),
    ],
)  # fmt: skip
def test_nothing_is_left_together_that_a_forge_would_make_a_link_a_list_or_a_call_of(
    text: str, kept_apart: str
) -> None:
    said = inline(text)
    assert kept_apart in said
    shown = MarkdownIt("commonmark").render(said)
    assert re.fullmatch(r"<p>[^<]*</p>\n", shown), "rendered, it is one plain paragraph"
    assert not re.search(r"@\w|[wW]{3}\.|://", unescape(shown))


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        "[a](b)",
        "![i](https://example.org/p.png)",
        "@curators",
        "# head",
        "a\n- b",
        "*b*",
    ],
)
def test_a_text_is_no_markup_no_link_and_calls_nobody(text: str) -> None:
    said = inline(text)
    assert not set("<>\n") & set(said)
    assert re.fullmatch(r"<p>[^<]*</p>\n", MarkdownIt("commonmark").render(said))
    assert "://" not in said
    for special in "[]()!*#":
        assert said.count(special) == said.count(f"\\{special}") + said.count(f"&{special}") * (
            special == "#"
        )


def test_a_code_span_is_closed_by_nothing_in_it() -> None:
    assert code("a`b``c") == "``` a`b``c ```"
    assert code("plain|name") == "`plain|name`"
    assert code("\x1b[2J") == "`\\x1b[2J`"


def test_a_fence_is_longer_than_any_in_it() -> None:
    lines = list(fenced(["+ ````", "  x" * 200], "diff"))
    assert (lines[0], lines[-1]) == ("`````diff", "`````")
    assert lines[2].endswith("…")


def test_a_cell_ends_no_column() -> None:
    assert list(table(["a", "b"], [[code("x|y"), inline("p|q")]]))[-1] == "| `x\\|y` | p\\|q |"


def test_a_comment_that_is_too_long_for_a_forge_is_cut_and_closed() -> None:
    long = "\n".join(["<details>", "", "````diff", *["+ a line"] * 10_000, "````", "", "</details>"])
    said = whole("herbarium 1", long, ())
    assert len(said) < 65_536
    assert said.endswith("+ a line\n````\n\n</details>\n\nThe rest does not fit here: the report has all.\n")
    assert whole("herbarium 1", "short\n", ()).endswith("short\n")
