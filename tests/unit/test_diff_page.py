"""The page of a difference: everything is shown and escaped, nothing is run or fetched."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from tests.unit.change_examples import a_set, bottle, graph_of
from tests.unit.test_changes_compare import snapshot

from kgshare import diffpage
from kgshare.changes import Property, render
from kgshare.cli import run
from kgshare.compare import compare

EVIL = "</td><script src='//x.example/x.js'>"
ONE = graph_of(bottle(1, qc=3, note="plain"), bottle(2, depth=1))
OTHER = graph_of(bottle(1, qc=4, note=EVIL, flags=[1]), bottle(3, p=EVIL))


@pytest.fixture
def page(tmp_path: Path) -> str:
    a, b = snapshot(tmp_path / "a", ONE, "X;"), snapshot(tmp_path / "b", OTHER, "<Y>;")
    assert run(["diff", str(a), str(b), "--html", str(tmp_path / "d.html"), "--quiet"]) == 0
    return (tmp_path / "d.html").read_text()


def test_a_page_shows_every_change_with_the_values_before_and_after(page: str) -> None:
    rows = re.findall(
        r'<tr><td>(.*?)</td><td class="value before">(.*?)</td><td class="value after">(.*?)</td></tr>', page
    )
    assert [tuple(map(unescape, row)) for row in rows] == [
        ("flags", '<span class="none">nothing</span>', "[1]"),
        ("note", '"plain"', f'"{EVIL}"'),
        ("qc", "3", "4"),
    ]
    assert '<pre class="removed">- (:Bottle {id: 2})\n-   depth: 1</pre>' in page
    assert '<pre class="added">+ &lt;Y&gt;;</pre>' in page
    assert re.search(r"<td><code>\(:Bottle\)</code></td><td>1</td><td>1</td><td>1</td>", page)


def test_a_page_runs_and_fetches_nothing_whatever_the_graph_holds(page: str) -> None:
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.search(
        r"(src|href|url)\s*[=(]", page.replace(EVIL, "").replace("script src=&#x27;//x.example", "")
    )
    assert page.count("&lt;script") == 2


def test_a_change_set_has_its_title_author_and_reason_on_its_page(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(render(a_set(Property("(:Bottle {id: 1})", "qc", "3", "4"), reason="Because\n<of> it.")))
    text = diffpage.page(compare(snapshot(tmp_path / "a", ONE), file))
    assert "<h1>Flag a bottle</h1>" in text
    assert "A. Reviewer &lt;a@example.org&gt;, 2026-11-23" in text
    assert '<p class="reason">Because\n&lt;of&gt; it.</p>' in text


def test_of_very_many_records_a_page_shows_some_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diffpage, "SHOWN", 3)
    monkeypatch.setattr(diffpage, "OPEN", 1)
    many = graph_of(*(bottle(n) for n in range(10)))
    text = diffpage.page(compare(snapshot(tmp_path / "a", {}), snapshot(tmp_path / "b", many)))
    assert (text.count("<details open>"), text.count("<details>")) == (1, 2)
    assert "7 more records are not shown" in text
    same = diffpage.page(compare(tmp_path / "b", tmp_path / "b"))
    assert "No difference." in same
