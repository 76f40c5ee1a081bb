"""Collections of ir_datasets, from files that were put where it would download them to."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sparsebench.collection import BeirFolder, IrDatasets
from sparsebench.collection.corpus import scan
from sparsebench.collection.irds_files import sources
from sparsebench.errors import CollectionError


@pytest.fixture(scope="module")
def irds_home(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An IR_DATASETS_HOME with some datasets; ir_datasets reads the variable when it is imported, so it is anew."""
    home = tmp_path_factory.mktemp("irds")
    subprocess.run([sys.executable, str(shared_dir / "data" / "place_ir_datasets.py"), str(home)], check=True)
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "ir_datasets"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IR_DATASETS_HOME", str(home))
        patch.setenv("IR_DATASETS_DL_TRIES", "1")
        yield home
    for name in [name for name in sys.modules if name.partition(".")[0] == "ir_datasets"]:
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("the network was touched")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


pytestmark = pytest.mark.usefixtures("irds_home", "no_network")


def test_scifact_is_the_same_collection_as_its_beir_folder(beir_dir: Path) -> None:
    folder = BeirFolder(beir_dir / "scifact", "scifact")
    assert scan(IrDatasets("beir/scifact/test").documents()).digest == scan(folder.documents()).digest
    for split in ("train", "test"):
        ours, theirs = IrDatasets(f"beir/scifact/{split}").topics(None), folder.topics(split)
        assert ours.qrels == theirs.qrels
        assert set(ours.queries) == set(theirs.queries)


@pytest.mark.parametrize(
    ("dataset_id", "documents", "queries", "judgments"), [("vaswani", 11429, 93, 2083), ("cranfield", 1400, 225, 1837)]
)
def test_real_collections_have_their_known_sizes(dataset_id: str, documents: int, queries: int, judgments: int) -> None:
    source = IrDatasets(dataset_id)
    topics = source.topics(None)
    assert len(scan(source.documents()).doc_ids) == documents
    assert len(topics.queries) == queries
    assert sum(map(len, topics.qrels.values())) == judgments


def test_grades_are_as_found() -> None:
    grades = {grade for judged in IrDatasets("cranfield").topics(None).qrels.values() for grade in judged.values()}
    assert grades == {-1, 1, 2, 3, 4}


def test_queries_and_judgments_are_read_where_the_passages_are_not_at_hand() -> None:
    topics = IrDatasets("msmarco-passage/trec-dl-2019/judged").topics(None)
    assert len(topics.queries) == len(topics.qrels) == 43


def test_nothing_is_missing_where_all_files_are_at_hand(irds_home: Path) -> None:
    for dataset_id in ("vaswani", "cranfield", "beir/scifact/test", "beir/scifact/train"):
        source = IrDatasets(dataset_id)
        assert source.missing() == []
        assert all(irds_home in path.parents and path.is_file() for path in source.files())
        assert source.files()
        source.fetch()


def test_what_is_missing_is_named_with_its_url_and_place(irds_home: Path) -> None:
    (line,) = IrDatasets("beir/nfcorpus/test").missing()
    assert line.startswith("beir/nfcorpus/test: https://")
    assert line.endswith(f"nfcorpus.zip (to {irds_home}/beir/nfcorpus/source.zip)")


def test_a_passage_collection_does_not_miss_files_of_its_sister_datasets(irds_home: Path) -> None:
    (line,) = IrDatasets("msmarco-passage/trec-dl-2019/judged").missing()
    assert "collectionandqueries.tar.gz" in line
    assert IrDatasets("msmarco-passage/trec-dl-2019/judged").files() == []


def test_a_licensed_collection_says_how_to_get_it_on_one_line() -> None:
    (line,) = (line for line in IrDatasets("aquaint").missing())
    assert "LDC2002T31" in line
    assert "\n" not in line


def test_an_extracted_file_that_is_missing_is_fetched_through_the_cache_that_extracts_it(tmp_path: Path) -> None:
    from ir_datasets.util import Cache, Download, LocalDownload, RequestsDownload

    archive = tmp_path / "archive"
    mirrors = [LocalDownload(archive), RequestsDownload("https://example.org/archive")]
    handler = SimpleNamespace(parts=[{"dlc": Cache(Download(mirrors), tmp_path / "docs.txt")}])
    (absent,) = sources(handler)
    assert (absent.at_hand, absent.origin, absent.path) == (False, "https://example.org/archive", archive)
    archive.write_text("documents")
    (present,) = sources(handler)
    assert present.at_hand
    absent.holder.path()
    assert (tmp_path / "docs.txt").read_text() == "documents"
    archive.unlink()
    (extracted,) = sources(handler)
    assert (extracted.at_hand, extracted.path) == (True, tmp_path / "docs.txt")


def test_without_a_network_the_error_says_where_to_get_the_files() -> None:
    source = IrDatasets("beir/nfcorpus/test")
    for read in (lambda: next(source.documents()), lambda: source.topics(None), source.fetch):
        with pytest.raises(CollectionError, match=r"beir/nfcorpus/test: cannot read .*not at hand: https://.*nfcorpus"):
            read()


def test_a_damaged_file_is_a_clear_error(irds_home: Path) -> None:
    path = irds_home / "vaswani" / "qrels.txt"
    whole = path.read_bytes()
    path.write_bytes(b"\xff\xfe" + whole)
    try:
        with pytest.raises(CollectionError, match=f"vaswani: cannot read its qrels .*{irds_home} may be damaged"):
            IrDatasets("vaswani").topics(None)
    finally:
        path.write_bytes(whole)


def test_an_unknown_id_names_the_closest_one() -> None:
    with pytest.raises(CollectionError, match=r"has 'beir/scifat/test'\. Did you mean 'beir/scifact/test'\?"):
        IrDatasets("beir/scifat/test").missing()
    with pytest.raises(CollectionError, match="`ir_datasets list` names them all"):
        IrDatasets("my own").topics(None)


def test_a_split_is_another_id() -> None:
    with pytest.raises(CollectionError, match=r"one split by itself\. Did you mean 'beir/scifact/train'"):
        IrDatasets("beir/scifact/test").topics("train")


def test_a_dataset_without_queries_cannot_be_a_collection() -> None:
    with pytest.raises(CollectionError, match="msmarco-passage has no queries"):
        IrDatasets("msmarco-passage").topics(None)


def test_it_is_quiet(capfd: pytest.CaptureFixture[str], irds_home: Path) -> None:
    for store in (irds_home / "beir" / "scifact").glob("docs.pklz4*"):
        for path in [*store.iterdir()] if store.is_dir() else [store]:
            path.unlink()
    assert sum(1 for _ in IrDatasets("beir/scifact/train").documents()) == 5183
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("ir_datasets").level == logging.ERROR


def test_importing_the_collections_imports_no_ir_datasets() -> None:
    code = "import sys, sparsebench.collection; print({'ir_datasets', 'torch', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
