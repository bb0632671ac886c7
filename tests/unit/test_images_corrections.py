"""The layer of corrections: laid over the store that it was made on, it makes the other one, to the byte."""

from __future__ import annotations

import io
import random
import shutil
import subprocess  # noqa: TID251 - the compiler and the class of the image, by themselves
import tarfile
from pathlib import Path

import pytest

from kgshare.errors import BuildError
from kgshare.images import corrections
from kgshare.images.corrections import PAGE, STRETCH, corrections_layer

JAVA = Path(corrections.__file__).parent / "java" / "Corrections.java"
MAIN = "class Main { public static void main(String[] a) throws Exception { Corrections.lay(java.nio.file.Path.of(a[0])); } }"
Files = dict[str, bytes]

draw = random.Random(3)
LARGE = draw.randbytes(STRETCH + 3 * PAGE + 100)
BEFORE: Files = {
    "databases/neo4j/large": LARGE,
    "databases/neo4j/same": b"same" * 5000,
    "databases/neo4j/shorter": bytes(3 * PAGE),
    "databases/neo4j/schema/segments_2": b"2",
}
AFTER: Files = {
    "databases/neo4j/large": LARGE[:10] + b"!" + LARGE[11 : STRETCH - 1] + b"??" + LARGE[STRETCH + 1 : -1] + b"." + b"new" * PAGE,
    "databases/neo4j/same": b"same" * 5000,
    "databases/neo4j/shorter": bytes(PAGE),
    "databases/neo4j/schema/segments_3": b"3",
    "transactions/neo4j/empty": b"",
}  # fmt: skip


def store(path: Path, files: Files) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"data/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def layer(tmp_path: Path, before: Files, after: Files) -> Path:
    out = tmp_path / "corrections.tar"
    corrections_layer(store(tmp_path / "a.tar", before), store(tmp_path / "b.tar", after), 0, out)
    return out


def unpacked(folder: Path, *tars: Path) -> Path:
    for each in tars:
        with tarfile.open(each) as tar:
            tar.extractall(folder, filter="data")
    return folder / "data"


def files_in(folder: Path) -> Files:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def laid_over(data: Path) -> Files:
    """What the format says that the entry point does (`Corrections.java`)."""
    over = data / "over"
    with (over / "pages").open("rb") as pages:
        for line in (over / "list").read_text().splitlines():
            name, size, *runs = line.split("\t")
            if size == "-":
                (data / name).unlink()
                continue
            (data / name).parent.mkdir(parents=True, exist_ok=True)
            (data / name).touch()
            with (data / name).open("r+b") as file:
                for run in runs:
                    offset, length = map(int, run.split("+"))
                    file.seek(offset)
                    file.write(pages.read(length))
                file.truncate(int(size))
        assert not pages.read()
    shutil.rmtree(over)
    return files_in(data)


def test_laid_over_the_one_store_it_makes_the_other(tmp_path: Path) -> None:
    made = layer(tmp_path, BEFORE, AFTER)
    assert laid_over(unpacked(tmp_path / "x", tmp_path / "a.tar", made)) == AFTER


def test_it_holds_the_pages_that_differ_and_no_more(tmp_path: Path) -> None:
    changed = LARGE[:PAGE] + b"!" + LARGE[PAGE + 1 :]
    data = unpacked(
        tmp_path / "x", layer(tmp_path, {"large": LARGE, "same": b"s"}, {"large": changed, "same": b"s"})
    )
    assert (data / "over" / "list").read_text() == f"large\t{len(LARGE)}\t{PAGE}+{PAGE}\n"
    assert (data / "over" / "pages").read_bytes() == changed[PAGE : 2 * PAGE]


def test_the_same_two_stores_make_the_same_layer(tmp_path: Path) -> None:
    first = layer(tmp_path, BEFORE, AFTER).read_bytes()
    turned = dict(reversed(AFTER.items()))
    assert layer(tmp_path, BEFORE, turned).read_bytes() == first
    with tarfile.open(tmp_path / "corrections.tar") as tar:
        assert {m.uid for m in tar} == {7474}


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "../a", "a/../b"])
def test_a_name_that_the_list_cannot_hold_stops_the_build(name: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="does not expect"):
        layer(tmp_path, {}, {name: b""})


@pytest.mark.skipif(not shutil.which("javac"), reason="there is no Java compiler")
def test_the_entry_point_lays_them_over_once_and_goes_on_where_it_was_ended(tmp_path: Path) -> None:
    (tmp_path / "Main.java").write_text(MAIN)
    javac = ["javac", "-d", tmp_path / "classes", JAVA, tmp_path / "Main.java"]
    subprocess.run(javac, check=True)
    made = layer(tmp_path, BEFORE, AFTER)
    data = unpacked(tmp_path / "x", tmp_path / "a.tar", made)
    # As if it had been ended in the middle: a page of the new store is there, and a file has gone already.
    (data / "databases/neo4j/schema/segments_2").unlink()
    (data / "databases/neo4j/large").write_bytes(AFTER["databases/neo4j/large"][: 5 * PAGE])
    (data / "databases/neo4j/large").open("ab").write(LARGE[5 * PAGE :])
    java = ["java", "-XX:TieredStopAtLevel=1", "-cp", tmp_path / "classes", "Main", data]
    for _ in range(2):
        subprocess.run(java, check=True)
        assert files_in(data) == AFTER
    assert not (data / "over").exists()
    (data / "databases/system").mkdir()  # it was opened, and what was laid over has come back
    unpacked(tmp_path / "x", made)
    (data / "databases/neo4j/large").write_bytes(b"edited since")
    subprocess.run(java, check=True)
    assert (data / "databases/neo4j/large").read_bytes() == b"edited since"
    assert not (data / "over").exists()
