"""Two reviewers, two sandboxes of one bundle, one repository on disk: propose, merge, check, build, blame, revert, a new upstream."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from neo4j import GraphDatabase
from tests.e2e.command_line import kgshare, works
from tests.unit.web_server import Web, serving

from kgshare.doors.process import run

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("stories")]
ANNA, BEN = "e2e-anna", "e2e-ben"
CORRECTED = "2014-07-24-altitude-of-h0017"
SHEET = "Sheet/H0017"


class Story:
    """The folders of those who take part; ``forge`` is the bare repository between them."""

    def __init__(self, root: Path, project: Path) -> None:
        self.root, self.forge, self.author = root, root / "forge.git", root / "author"
        shutil.copytree(project, self.author)
        (self.author / ".gitignore").write_text("*.kgshare.tar\n*.kgshare-delta.tar\n")
        run(["git", "init", "-q", "--bare", "-b", "main", self.forge])
        run(["git", "init", "-q", "-b", "main", self.author])
        self.git(self.author, "add", "-A")
        self.git(self.author, "commit", "-q", "-m", "Forty sheets")
        self.git(self.author, "remote", "add", "origin", str(self.forge))
        self.git(self.author, "push", "-q", "-u", "origin", "main")
        self.bundle = next(self.author.glob("*.kgshare.tar"))

    def git(self, folder: Path, *words: str) -> str:
        return run(["git", "-C", folder, *words]).stdout

    def clone(self, name: str) -> Path:
        self.git(self.root, "clone", "-q", str(self.forge), name)
        return self.root / name

    def edit(self, up: Any, *queries: str) -> None:
        password = Path(up["password_file"]).read_text().strip()
        with GraphDatabase.driver(up["bolt"], auth=("neo4j", password)) as driver:
            for query in queries:
                driver.execute_query(query)

    @property
    def at(self) -> tuple[str, Path]:
        """The author's project, as an option."""
        return "--project", self.author


@pytest.fixture
def story(tmp_path: Path, herbarium_once: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A. Curator")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "curator@example.org")
    for number, (key, value) in enumerate(
        (("user.name", "A. Curator"), ("user.email", "curator@example.org"))
    ):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    yield Story(tmp_path, herbarium_once)
    for name in (ANNA, BEN):
        kgshare("down", "--name", name, "--volumes", "--discard")


def test_two_reviewers_change_one_graph_and_nothing_is_lost(story: Story) -> None:
    two_proposals_arrive_as_branches(story)
    merge_them(story)
    newer, delta = build_the_next_version(story)
    what_is_new_is_enough_for_a_reviewer(story, newer, delta)
    the_repository_is_address_enough(story, newer)
    blame_and_revert(story)
    a_sandbox_with_edits_moves_to_the_newer_bundle(story, newer)
    a_new_upstream_keeps_the_reviews(story)


def two_proposals_arrive_as_branches(story: Story) -> None:
    anna = works("up", story.bundle, "--name", ANNA, "--no-open", "--json").result
    ben = works("up", story.bundle, "--name", BEN, "--no-open", "--local", "--yes", "--json").result
    said = works("review", "propose", "-m", "Nothing", "--reason", "Nothing", "--name", ANNA)
    assert "nothing has changed" in said.out
    story.edit(anna, "MATCH (s:Sheet {barcode: 'H0017'}) SET s.altitude = 1982")
    story.edit(
        ben,
        "MATCH (s:Sheet {barcode: 'H0017'}) SET s.altitude = 1928",
        "MATCH (:Sheet {barcode: 'H0007'})-[i:IDENTIFIED_AS {by: 'revision'}]->() SET i.year = 2020",
    )
    for name, who, title in (
        (ANNA, "Anna <anna@example.org>", "H0017 again"),
        (BEN, "Ben <ben@example.org>", "A year and an altitude"),
    ):
        clone = story.clone(name)
        report = works(
            "review", "propose", "-m", title, "--reason", f"{who} looked at the label.", "--author", who, "--name", name,
            "--reference", "photograph 12", "--git", "--project", clone, "--json",
        ).result  # fmt: skip
        story.git(clone, "push", "-q", "origin", report["branch"])
        assert report["branch"].startswith("review/")


def merge_them(story: Story) -> None:
    story.git(story.author, "fetch", "-q")
    branches = story.git(story.author, "branch", "-r", "--list", "origin/review/*").split()
    one, two = sorted(branches, key=lambda name: "year" in name)
    works("review", "merge", one, *story.at)
    stopped = kgshare("review", "merge", two, *story.at)
    assert stopped.code == 13
    assert "[1]" in stopped.err
    assert [line.split() for line in stopped.err.splitlines() if line.startswith("    ")] == [
        ["base", "1892"], ["theirs", "1982"], ["ours", "1928"],
    ]  # fmt: skip
    assert story.git(story.author, "status", "--porcelain") == ""
    works("review", "merge", "--continue", "--ours", "1", *story.at)
    names = story.git(story.author, "log", "-2", "--format=%an").split()
    assert names == ["Ben", "Anna"]


def build_the_next_version(story: Story) -> tuple[Path, Path]:
    checked = works("review", "check", "--json", *story.at).result
    assert (checked["ok"], checked["change_sets"]) == (True, 3)
    manifest = story.author / "kgshare.yaml"
    manifest.write_text(manifest.read_text().replace("version: 0.2.0", "version: 0.3.0"))
    works("lock", story.author)
    story.git(story.author, "commit", "-qam", "Version 0.3.0")
    built = works("build", story.author, "--since", story.bundle, "--json").result
    bundle, delta = Path(built["bundle"]), Path(built["since"]["delta"])
    assert "upstream" not in {step["name"] for step in built["steps"] if step["ran"]}
    assert (built["notes"], built["since"]["version"]) == ([], "0.2.0")
    with tarfile.open(fileobj=None, name=bundle) as tar:
        assert tar.getnames()
    story.git(story.author, "push", "-q", "origin", "main")
    assert works("log", bundle, "--json").result["entries"][0]["title"] in (
        "A year and an altitude",
        "H0017 again",
    )
    return bundle, delta


def what_is_new_is_enough_for_a_reviewer(story: Story, newer: Path, delta: Path) -> None:
    """Anna's machine has read the first bundle; another has not."""
    assert delta.stat().st_size < 1_000_000 < newer.stat().st_size
    elsewhere = {"KGSHARE_CACHE": str(story.root / "elsewhere")}
    sent = Path(shutil.copy(delta, story.root))
    stopped = kgshare("complete", sent, **elsewhere)
    assert stopped.code == 8
    assert "herbarium 0.2.0" in stopped.err
    works("complete", sent, "--base", story.bundle, "-o", story.root / "whole", **elsewhere)
    assert (story.root / "whole" / newer.name).read_bytes() == newer.read_bytes()
    assert str(story.bundle) in works("cache", "show").out
    works("cache", "empty", **elsewhere)
    up = works("up", sent, "--name", ANNA, "--no-open", "--json").result
    password = Path(up["password_file"]).read_text().strip()
    with GraphDatabase.driver(up["bolt"], auth=("neo4j", password)) as driver:
        rows, _, _ = driver.execute_query("MATCH (s:Sheet {barcode: 'H0017'}) RETURN s.altitude")
    assert [row[0] for row in rows] == [1928]


def the_repository_is_address_enough(story: Story, newer: Path) -> None:
    """Built from a clone before it is published, as nothing of the author's folder is needed; fetched afterwards."""
    address = f"{story.forge}@main"
    up = works("up", address, "--name", ANNA, "--no-open", "--yes", "--json").result
    assert up["verdict"]["version"] == "0.3.0"
    with serving(Web(files={"/herbarium.kgshare.tar": newer.read_bytes()})) as web:
        works("release", newer, "--at", f"{web.address}/herbarium.kgshare.tar", *story.at)
        story.git(story.author, "add", "releases.yaml")
        story.git(story.author, "commit", "-q", "-m", "Where 0.3.0 is")
        story.git(story.author, "push", "-q", "origin", "main")
        assert "herbarium 0.3.0  every byte is as it was signed" in works("verify", address).out
    assert [path for path, _ in web.asked] == ["/herbarium.kgshare.tar"]


def blame_and_revert(story: Story) -> None:
    said = works("blame", SHEET, "altitude", "--in", story.author).out
    places = [said.index(who) for who in ("Ben <ben", "Anna <anna", "J. Novak <novak")]
    assert places == sorted(places), "the latest first"
    assert "1892 → 1982" in said
    assert "upstream: 1829" in said
    assert 'from (:Place {name: "Brenta"})' in said
    [blamed] = works(
        "blame", '(:Sheet {barcode: "H0017"})', "altitude", "--in", story.author, "--json"
    ).result["records"]
    assert [c["after"] for c in blamed["changes"]] == ["1928", "1982", "1892"]
    assert all(c["change_set"]["commit"] for c in blamed["changes"])
    entries = works("log", story.author, "--json").result["entries"]
    anna, ben = (next(e["name"] for e in entries if e["author"].startswith(who)) for who in ("Anna", "Ben"))
    assert kgshare("revert", anna, "--reason", "Not so", "--project", story.author).code == 13
    works("revert", ben, "--reason", "The photograph was of another sheet.", "--project", story.author)
    [blamed] = works("blame", SHEET, "altitude", "--in", story.author, "--json").result["records"]
    assert [c["after"] for c in blamed["changes"]] == ["1982", "1928", "1982", "1892"]


def a_sandbox_with_edits_moves_to_the_newer_bundle(story: Story, newer: Path) -> None:
    """Ben's sandbox is still of the first bundle, with his own edits in it."""
    mine = story.root / "mine.toml"
    works(
        "review",
        "propose",
        "-m",
        "Mine",
        "--reason",
        "To go on with",
        "--author",
        "Ben <b@example.org>",
        "--name",
        BEN,
        "-o",
        mine,
    )
    again = works("review", "rebase", mine, "--onto", newer)
    assert "everything in it is so already" in again.out
    saved = works("reset", "--name", BEN, "--yes")
    assert "the edits in e2e-ben are saved in " in saved.err
    edits = Path(saved.err.split("are saved in ")[1].splitlines()[0])
    works("review", "apply", edits, "--name", BEN)
    assert kgshare("review", "apply", edits, "--name", BEN).code == 13


def a_new_upstream_keeps_the_reviews(story: Story) -> None:
    sheets, collected = story.author / "tables" / "sheets.csv", story.author / "tables" / "collected.csv"
    sheets.write_text(
        sheets.read_text().replace("H0017,1995-07-12,1829,", "H0017,1995-07-12,1829,pressed twice")
        + "H0041,1999-07-01,1500,\n"
    )
    collected.write_text(collected.read_text() + "Huber,M.,H0041\n")
    checked = works("review", "check", "--local", "--json", *story.at).result
    assert (checked["ok"], checked["change_sets"]) == (True, 4)
    works("review", "squash", "--local", *story.at)
    [blamed] = works("blame", SHEET, "altitude", "--in", story.author, "--json").result["records"]
    assert len(blamed["changes"]) == 4, "what was folded stays in the history"
    sheets.write_text(sheets.read_text().replace(",1829,", ",1830,"))
    refused = kgshare("review", "check", "--local", "--json", *story.at)
    assert refused.code == 13
    found = refused.result["findings"]
    assert [(f["kind"], f["what"], f["base"], f["theirs"], f["ours"]) for f in found] == [
        ("conflict", "altitude", "1829", "1830", "1982")
    ]  # fmt: skip
