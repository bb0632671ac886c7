"""A bundle by its repository: the published one of a revision, else its files, of which nothing is run before a person agreed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from tests.unit import evidence_example
from tests.unit.signed_example import Person, text_of, whole
from tests.unit.test_obtain_file import tar
from tests.unit.tiny_project import MANIFEST as TINY
from tests.unit.web_server import Web, serving

from kgshare.attest.origin import Origin
from kgshare.cli import run as command
from kgshare.doors.process import run
from kgshare.errors import Interrupted, KgshareError, ManifestError, ObtainError, UsageError
from kgshare.obtain import clone, obtain
from kgshare.obtain.address import Address, address_of
from kgshare.obtain.releases import RELEASES, Release, parse, record, render
from kgshare.obtain.runs import what_runs
from kgshare.progress import Progress
from kgshare.project import read_project

QUIET = Progress(quiet=True)
ROOT = Path(__file__).parents[2]


class Forge:
    """A bare repository, and the folder of an author who pushes to it."""

    def __init__(self, root: Path) -> None:
        self.bare, self.author = root / "tiny.git", root / "author"
        run(["git", "init", "-q", "--bare", "-b", "main", self.bare])
        run(["git", "init", "-q", "-b", "main", self.author])
        self.git("remote", "add", "origin", str(self.bare))

    def git(self, *words: str) -> str:
        return run(["git", "-C", self.author, *words]).stdout.strip()

    def push(self, files: dict[str, str], tag: str = "") -> str:
        """Commit and push; the commit."""
        for name, text in files.items():
            file = self.author / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Some files")
        if tag:
            self.git("tag", tag)
        self.git("push", "-q", "--tags", "origin", "HEAD")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forge:
    monkeypatch.setenv("KGSHARE_CACHE", str(tmp_path / "cache"))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A. Curator")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "curator@example.org")
    return Forge(tmp_path)


@pytest.fixture
def tiny(forge: Forge) -> Forge:
    forge.push({"kgshare.yaml": TINY, "a.cypher": "CREATE (:Thing {id: 1})\n", "kgshare.lock": "{}\n"}, "v1")
    return forge


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(Web(files={"/tiny.kgshare.tar": tar(5000)})) as served:
        yield served


def release(forge: Forge, *at: str, data: bytes = b"", revision: str = "") -> dict[str, str]:
    """The file that records a release of what is there now."""
    made = Release(
        version="1.0.0",
        revision=revision or forge.git("rev-parse", "HEAD"),
        digest=f"sha256:{'0' * 64}",
        file=f"sha256:{hashlib.sha256(data or tar(5000)).hexdigest()}",
        size=5000,
        at=at,
    )
    return {RELEASES: render([made])}


def yes(question: str) -> bool:
    return True


def refusal(reference: str, may_build: Callable[[str], bool] | None = yes) -> str:
    with pytest.raises(KgshareError) as caught:
        obtain(reference, progress=QUIET, may_build=may_build)
    return str(caught.value)


def test_a_revision_with_a_published_bundle_gives_that_bundle_and_asks_nothing(tiny: Forge, web: Web) -> None:
    tiny.push(release(tiny, f"{web.address}/tiny.kgshare.tar"))
    for reference in (
        str(tiny.bare),
        f"{tiny.bare}@main",
        f"{tiny.bare}@v1",
        f"file://{tiny.bare}",
        f"git+file://{tiny.bare}@v1",
    ):
        file = obtain(reference, progress=QUIET)
        assert file.read_bytes() == web.files["/tiny.kgshare.tar"]
    assert len(web.asked) == 1, "held by its digest"


def test_a_revision_whose_files_are_others_than_the_published_is_not_given_the_published(
    tiny: Forge, web: Web
) -> None:
    tiny.push(release(tiny, f"{web.address}/tiny.kgshare.tar"))
    tiny.push({"README.md": "Only words\n"})
    assert obtain(f"{tiny.bare}@main", progress=QUIET).is_file()
    tiny.push({"a.cypher": "CREATE (:Thing {id: 2})\n"})
    assert "no bundle is recorded" in refusal(f"{tiny.bare}@main", None)
    assert obtain(f"{tiny.bare}@v1", progress=QUIET).is_file()


def test_without_a_published_bundle_the_files_are_there_to_build_once_it_was_agreed_to(
    tiny: Forge, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    folder = obtain(f"{tiny.bare}@v1", progress=Progress(), may_build=lambda q: not asked.append(q))
    assert asked == ["Build it, which runs that?"]
    said = capsys.readouterr().err
    assert "tiny 1.0.0 at " in said
    assert "A. Curator: Some files" in said
    assert "seed, Cypher: a.cypher" in said
    assert read_project(folder).manifest.name == "tiny"
    assert (folder / "a.cypher").read_text() == "CREATE (:Thing {id: 1})\n"


def test_a_no_builds_nothing(tiny: Forge) -> None:
    with pytest.raises(Interrupted, match="nothing was built"):
        obtain(str(tiny.bare), progress=QUIET, may_build=lambda _: False)


def test_where_nobody_can_be_asked_only_yes_agrees(tiny: Forge, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["up", str(tiny.bare)]) == 2
    assert "--yes agrees to what is said above" in capsys.readouterr().err
    assert command(["verify", str(tiny.bare)]) == 18
    assert "no bundle is recorded" in capsys.readouterr().err


def test_what_would_be_run_is_everything_that_the_project_brings() -> None:
    ocean = what_runs(read_project(ROOT))
    assert any(line.startswith("seed, Python: oceangraph.seed:graph in graph/oceangraph (") for line in ocean)
    assert any("numpy" in line for line in ocean)
    assert "seed, Cypher: graph/oceangraph/schema.cypher" in ocean
    herbarium = what_runs(read_project(ROOT / "tests" / "projects" / "herbarium"))
    assert any(line.startswith("seed, tables: tables/") for line in herbarium)
    assert any(line.startswith("application, Python: herbarium (") for line in herbarium)


def test_a_repository_without_a_project_is_told_with_where_one_is(forge: Forge) -> None:
    forge.push({"README.md": "x", "some/where/kgshare.yaml": TINY, "some/where/a.cypher": "RETURN 1"})
    said = refusal(str(forge.bare))
    assert "there is no project: no kgshare.yaml" in said
    assert "#subdirectory= behind the address names its folder: some/where" in said
    folder = obtain(f"file://{forge.bare}#subdirectory=some/where", progress=QUIET, may_build=yes)
    assert read_project(folder).manifest.name == "tiny"


@pytest.mark.parametrize(
    "revision", ["v9", "0123456789abcdef0123456789abcdef01234567", "no such", "main..v1"]
)
def test_an_unknown_revision_is_told(tiny: Forge, revision: str) -> None:
    assert "revision" in refusal(f"{tiny.bare}@{revision}")


def test_a_commit_a_branch_and_a_tag_are_revisions(tiny: Forge) -> None:
    first = tiny.git("rev-parse", "HEAD")
    tiny.git("switch", "-q", "-c", "topic/one")
    tiny.push({"a.cypher": "CREATE (:Thing {id: 3})\n"})
    for revision, says in ((first, "1"), (first[:10], "1"), ("v1", "1"), ("topic/one", "3"), ("main", "1")):
        folder = obtain(f"{tiny.bare}@{revision}", progress=QUIET, may_build=yes)
        assert (folder / "a.cypher").read_text() == f"CREATE (:Thing {{id: {says}}})\n"


def test_a_revision_that_is_no_branch_is_fetched_anew_and_taken_for_no_other(tiny: Forge) -> None:
    tiny.git("push", "-q", "origin", "HEAD:refs/pull/1/head")
    asked = f"{tiny.bare}@refs/pull/1/head"
    assert "id: 1" in (obtain(asked, progress=QUIET, may_build=yes) / "a.cypher").read_text()
    tiny.push({"a.cypher": "CREATE (:Thing {id: 7})\n"})
    tiny.git("push", "-q", "origin", "HEAD:refs/pull/1/head")
    assert "id: 7" in (obtain(asked, progress=QUIET, may_build=yes) / "a.cypher").read_text()
    assert "has no revision v9-typo" in refusal(f"{tiny.bare}@v9-typo")


def test_a_name_of_a_file_is_one_line_of_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a\nb.cypher").write_text("RETURN 1")
    (tmp_path / "kgshare.yaml").write_text(TINY.replace("[a.cypher]", '["a\\nb.cypher"]'))
    assert not any("\n" in line for line in what_runs(read_project(tmp_path)))


def test_an_empty_repository_and_none_at_all_are_told(forge: Forge, tmp_path: Path) -> None:
    assert "the repository is empty" in refusal(str(forge.bare))
    assert "cannot be fetched" in refusal(f"file://{tmp_path}/none.git")


def test_a_published_bundle_that_is_gone_or_another_is_an_error_and_nothing_is_built_instead(
    tiny: Forge, web: Web
) -> None:
    tiny.push(release(tiny, f"{web.address}/gone.tar", f"{web.address}/tiny.kgshare.tar", data=b"other"))
    said = refusal(str(tiny.bare))
    assert "404 Not Found" in said
    assert "another file than was meant" in said
    assert "builds it here" in said


def test_the_next_address_is_tried(tiny: Forge, web: Web) -> None:
    tiny.push(release(tiny, f"{web.address}/gone.tar", f"{web.address}/tiny.kgshare.tar"))
    assert obtain(str(tiny.bare), progress=QUIET).is_file()


@pytest.mark.parametrize(
    "at", ["/etc/passwd", "file:///etc/passwd", "http://example.org/x.tar", "ext::sh -c true", "-x"]
)
def test_an_address_in_the_record_that_no_user_may_write_is_refused(tiny: Forge, at: str) -> None:
    tiny.push(release(tiny, at))
    assert refusal(str(tiny.bare))


def test_a_repository_elsewhere_leads_nobody_to_this_machine() -> None:
    from kgshare.obtain.repository import _got

    made = Release(
        version="1", revision="a" * 40, digest=f"sha256:{'0' * 64}", file=f"sha256:{'0' * 64}", size=1,
        at=("http://127.0.0.1:1/x.tar",),
    )  # fmt: skip
    elsewhere = Address(kind="git", url="https://example.org/x.git")
    with pytest.raises(ObtainError, match="which is on this machine"):
        _got(made, made.at[0], elsewhere, lambda address: Path())


@pytest.mark.parametrize(
    "text",
    [
        "releases: 1", "x: [", "{}", "releases: [{version: '1'}]", "releases: []\nmore: 1", "a: &a [*a]",
        "releases: [{version: '1', revision: HEAD, digest: x, file: x, size: 0, at: []}]",
    ],
)  # fmt: skip
def test_a_record_that_is_not_as_it_must_be_is_told(tiny: Forge, text: str) -> None:
    tiny.push({RELEASES: text})
    with pytest.raises(ManifestError, match=RELEASES):
        obtain(str(tiny.bare), progress=QUIET)


class TestNothingOfARepositoryIsRun:
    """A hostile repository, made as its owner can make it; `ran` is where a program of it would leave a mark."""

    @pytest.fixture
    def ran(self, tiny: Forge, tmp_path: Path) -> Iterator[Path]:
        mark = tmp_path / "ran"
        yield mark
        assert not mark.exists(), "something of the repository was run"

    def test_no_hook_of_it_nor_of_the_users_template(
        self, tiny: Forge, ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hooks = (tiny.bare / "hooks", tmp_path / "template" / "hooks", tiny.author / "hooks")
        for folder in hooks:
            folder.mkdir(parents=True, exist_ok=True)
            for name in (
                "post-checkout",
                "post-merge",
                "reference-transaction",
                "pre-auto-gc",
                "post-update",
                "update",
            ):
                (folder / name).write_text(f"#!/bin/sh\ntouch {ran}\n")
                (folder / name).chmod(0o755)
        config = tmp_path / "gitconfig"
        config.write_text(f"[init]\n\ttemplateDir = {tmp_path}/template\n")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        assert obtain(str(tiny.bare), progress=QUIET, may_build=yes)

    def test_no_submodule_is_fetched(self, tiny: Forge, ran: Path) -> None:
        modules = f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch {ran}"\n\tupdate = !touch {ran}\n'
        (tiny.author / ".gitmodules").write_text(modules)
        first = tiny.git("rev-parse", "HEAD")
        tiny.git("update-index", "--add", "--cacheinfo", f"160000,{first},x")
        tiny.push({})
        assert "cannot be fetched" in refusal(str(tiny.bare)), "fsck knows an update command for hostile"

    def test_a_submodule_that_passes_for_harmless_stays_empty(self, tiny: Forge, ran: Path) -> None:
        (tiny.author / ".gitmodules").write_text(f'[submodule "x"]\n\tpath = x\n\turl = {tiny.bare}\n')
        (tiny.author / "x").mkdir()
        tiny.git("update-index", "--add", "--cacheinfo", f"160000,{tiny.git('rev-parse', 'HEAD')},x")
        tiny.push({})
        assert "160000 commit" in tiny.git("ls-tree", "HEAD")
        folder = obtain(str(tiny.bare), progress=QUIET, may_build=yes)
        assert not list((folder / "x").iterdir())

    def test_no_option_and_no_helper_in_an_address(self, tiny: Forge, ran: Path) -> None:
        for reference in (
            f"ext::sh -c 'touch {ran}'", f"{tiny.bare}@--upload-pack=touch {ran}", f"ssh://-oProxyCommand=touch%20{ran}/x",
            f"file://{tiny.bare}@-x", f"git+ext://sh -c touch {ran}", f"fd::17@{ran}",
        ):  # fmt: skip
            assert refusal(reference)
        assert address_of(f"git@-oProxyCommand=x:{ran}") is None, "a path, as any other"

    def test_an_address_that_begins_with_a_dash_is_no_option_of_git(self, tiny: Forge, ran: Path) -> None:
        address = Address(kind="git", url=f"--upload-pack=touch {ran}")
        with pytest.raises(ObtainError), clone.cloned(address, ran.parent / "cache", QUIET):
            pass

    def test_only_the_transport_of_the_address_may_be_used(self) -> None:
        ways = {
            "https://h/x": "https:ssh",
            "ssh://h/x": "ssh",
            "file:///x": "file",
            "/x": "file",
            "git@h:x": "ssh",
        }
        for url, allowed in ways.items():
            assert clone.transport(Address(kind="git", url=url)) == allowed

    def test_a_redirection_to_another_transport_is_not_followed(
        self, tiny: Forge, ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = tmp_path / "gitconfig"
        config.write_text(
            f'[url "ext::sh -c \\"touch {ran}\\" "]\n\tinsteadOf = file://\n[protocol "ext"]\n\tallow = always\n'
        )
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        assert "not allowed" in refusal(f"file://{tiny.bare}")

    def test_no_filter_for_large_files_fetches_anything(
        self, tiny: Forge, ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = tmp_path / "gitconfig"
        script = f'test -n "$GIT_LFS_SKIP_SMUDGE" || touch {ran}; cat'
        config.write_text(
            f'[filter "lfs"]\n\tsmudge = "sh -c \'{script}\'"\n'.replace('"$GIT', '\\"$GIT').replace(
                'SMUDGE" ', 'SMUDGE\\" '
            )
        )
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        tiny.push({".gitattributes": "*.bin filter=lfs\n", "x.bin": "pointer\n"})
        assert obtain(str(tiny.bare), progress=QUIET, may_build=yes)

    def test_a_link_out_of_the_project_is_refused(self, tiny: Forge, ran: Path, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("x")
        (tiny.author / "a.cypher").unlink()
        (tiny.author / "a.cypher").symlink_to(tmp_path / "secret")
        tiny.push({})
        assert "a.cypher" in refusal(str(tiny.bare))


@pytest.mark.parametrize("keep", ["", "elsewhere"])
def test_a_bundle_that_hooks_kept_in_a_bare_repository_is_that_of_its_files(
    forge: Forge, tmp_path: Path, keep: str
) -> None:
    files = {
        "kgshare.yaml": text_of(evidence_example.EXAMPLE),
        "a.cypher": "RETURN 1\n",
        "kgshare.lock": "{}\n",
    }
    commit = forge.push(files)
    bundle = evidence_example.bundle(tmp_path / "built", origin=Origin(revision=commit))
    kept = forge.bare / (keep or "kgshare") / "main" / "herbs-1.0.kgshare.tar"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bundle.path.read_bytes())
    if keep:
        run(["git", "-C", forge.bare, "config", "kgshare.keep", keep])
    assert obtain(str(forge.bare), progress=QUIET) == kept
    forge.push({"a.cypher": "RETURN 2\n"})
    assert "no bundle is recorded" in refusal(str(forge.bare), None)
    kept.write_bytes(b"no bundle")
    assert "no bundle is recorded" in refusal(f"{forge.bare}@{commit}", None)


def test_what_git_addresses_look_like_and_which_revision_they_name() -> None:
    rows = {
        "https://h/a/b.git": ("https://h/a/b.git", ""), "https://h/a/b.git@v1.0": ("https://h/a/b.git", "v1.0"),
        "git+https://h/a/b@topic/one": ("https://h/a/b", "topic/one"), "ssh://git@h/a/b.git": ("ssh://git@h/a/b.git", ""),
        "ssh://git@h:22/a/b@main": ("ssh://git@h:22/a/b", "main"), "git@h:a/b.git@v1": ("git@h:a/b.git", "v1"),
        "git@h:a/b": ("git@h:a/b", ""), "anna@h:/srv/b.git@v1": ("anna@h:/srv/b.git", "v1"), "git+https://u@h/@scope/b": ("https://u@h/@scope/b", ""),
    }  # fmt: skip
    for text, expected in rows.items():
        address = address_of(text)
        assert address is not None
        assert (address.kind, address.url, address.revision) == ("git", *expected), text
    for wrong in (
        "https://h/a.git#x=1",
        "git+https://h/a#subdirectory=../x",
        "git+http://example.org/a",
        "https://",
    ):
        with pytest.raises(UsageError):
            address_of(wrong)


def test_a_server_that_speaks_git_is_a_repository_whatever_its_address_ends_with(web: Web) -> None:
    web.files["/anna/tiny"] = b"<html>a forge's page"
    assert "a web page, no bundle" in refusal(f"{web.address}/anna/tiny")
    web.files["/anna/tiny/info/refs"], web.kind = b"x", "application/x-git-upload-pack-advertisement"
    assert "cannot be fetched" in refusal(f"{web.address}/anna/tiny")


def test_a_release_is_recorded_from_what_the_bundle_says_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Person(folder=tmp_path).here(monkeypatch)
    project = tmp_path / "project"
    project.mkdir()
    (project / "kgshare.yaml").write_text(text_of(evidence_example.EXAMPLE))
    (project / "a.cypher").write_text("RETURN 1")
    bundle = whole(tmp_path / "bundle")
    words = ["release", str(bundle), "--project", str(project), "--at"]
    assert command([*words, "https://example.org/herbs.kgshare.tar"]) == 0
    assert command([*words, "https://example.org/again.kgshare.tar"]) == 0
    [made] = parse((project / RELEASES).read_bytes(), RELEASES)
    assert made.at == ("https://example.org/again.kgshare.tar",)
    assert made.revision == "a" * 40
    assert made.file == f"sha256:{hashlib.sha256(bundle.read_bytes()).hexdigest()}"
    assert "commit and push it" in capsys.readouterr().out
    for wrong in (
        "ftp://example.org/x",
        "/some/file.tar",
        "https://example.org/x.git",
        "https://u:t@example.org/x.tar",
    ):
        assert command([*words, wrong]) == 2
    before = (project / RELEASES).read_bytes()
    changed = evidence_example.bundle(
        tmp_path / "changed", origin=Origin(revision="b" * 40, changed=("a.cypher",))
    )
    with pytest.raises(ObtainError, match=r"in no revision \(changed since: a.cypher\)"):
        record(read_project(project), changed.path, ("https://example.org/x",))
    assert (project / RELEASES).read_bytes() == before
    assert yaml.safe_load(before)["releases"][0]["version"] == "1.0"
