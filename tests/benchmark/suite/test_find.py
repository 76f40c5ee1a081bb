from __future__ import annotations

from pathlib import Path

import pytest

from sparsebench.errors import SuiteError
from sparsebench.suite import find, find_suite, list_suites, suite_name


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with one shipped suite, and an empty working directory."""
    package = tmp_path / "site" / "sparsebench"
    (package / "shipped_suites").mkdir(parents=True)
    (package / "shipped_suites" / "quickstart.yaml").touch()
    monkeypatch.setattr(find, "__file__", str(package / "suite" / "find.py"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return package


def touch(path: str) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).touch()
    return Path(path)


def test_a_path_is_taken_as_it_stands() -> None:
    assert find_suite(touch("mine.yaml")) == Path("mine.yaml")
    assert find_suite(str(touch("else/where.yml"))) == Path("else/where.yml")


def test_a_name_is_a_suite_of_the_checkout_before_a_shipped_one(package: Path) -> None:
    assert find_suite("quickstart") == package / "shipped_suites" / "quickstart.yaml"
    touch("suites/quickstart.yaml")
    assert find_suite("quickstart") == Path("suites/quickstart.yaml")


def test_an_editable_install_finds_the_suites_beside_the_package(package: Path) -> None:
    (package / "shipped_suites" / "quickstart.yaml").unlink()
    (package / "shipped_suites").rmdir()
    beside = package.parents[1] / "suites" / "beir.yaml"
    touch(str(beside))
    assert find_suite("beir") == beside


def test_a_shipped_suite_in_a_folder_is_named_with_it(package: Path) -> None:
    (package / "shipped_suites" / "video").mkdir()
    (package / "shipped_suites" / "video" / "clips.yaml").touch()
    assert find_suite("video/clips") == package / "shipped_suites" / "video" / "clips.yaml"
    touch("video/clips")
    assert find_suite("video/clips") == Path("video/clips")


def test_an_unknown_name_brings_the_closest_or_all_there_are() -> None:
    touch("suites/beir.yaml")
    with pytest.raises(SuiteError, match=r"^unknown suite 'quikstart'\. Did you mean 'quickstart'\?$"):
        find_suite("quikstart")
    with pytest.raises(SuiteError, match=r"^unknown suite 'zzz'\. There is: beir, quickstart\.$"):
        find_suite("zzz")


@pytest.mark.parametrize("path", ["absent.yaml", "suites/absent", "/absent/suite.yml", "/absent/suite"])
def test_a_path_that_is_not_there_is_not_taken_for_a_name(path: str) -> None:
    with pytest.raises(SuiteError, match=f"^there is no suite file {path}$"):
        find_suite(path)


def test_all_suites_with_a_name_are_listed() -> None:
    touch("suites/beir.yaml")
    assert sorted(list_suites()) == ["beir", "quickstart"]


def test_the_results_of_a_suite_have_the_name_that_its_file_says() -> None:
    Path("else").mkdir()
    Path("else/mine.yaml").write_text("name: drinks\n")
    Path("suites").mkdir()
    Path("suites/theirs.yaml").write_text("include: ../else/mine.yaml\n")
    assert suite_name("else/mine.yaml") == suite_name("./else/mine.yaml") == suite_name("theirs") == "drinks"


def test_results_stay_readable_where_their_suite_file_is_gone() -> None:
    assert suite_name("long-ago") == "long-ago"


def test_a_suite_without_a_name_has_no_results() -> None:
    Path("mine.yaml").write_text("models: [bm25]\n")
    with pytest.raises(SuiteError, match=r"mine.yaml: a suite has a name, such as `name: mine`"):
        suite_name("mine.yaml")
