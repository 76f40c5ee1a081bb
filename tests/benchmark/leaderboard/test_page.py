"""The page in a real browser: what a reader can see and do. Without Chromium these tests are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from boards import QUERIES, noise_of, rich_record, write_rich
from browser import Browser, find_chromium
from sparsebench.leaderboard import read_report
from sparsebench.records.noise import Noise

ROWS = "[...document.querySelectorAll('#panel tbody tr')].map((row) => Number(row.dataset.system))"
CHROMIUM = find_chromium()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; Debian has it: apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None
    with Browser(CHROMIUM) as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    suite = write_rich(tmp_path_factory.mktemp("runs"))
    read_report(suite).write(suite, "leaderboard")
    return suite / "leaderboard.html"


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Browser]:
    """The page, freshly opened; whatever a test does to it, its scripts must not complain."""
    browser.open(file)
    yield browser
    assert browser.problems == []


def show(page: Browser, table: str) -> None:
    page.evaluate(f"document.querySelector('[data-title=\"{table}\"]').click()")


def sort_by(page: Browser, column: str) -> list[int]:
    page.evaluate(
        f"[...document.querySelectorAll('#panel thead button')].find((b) => b.textContent === '{column}').click()"
    )
    return list(page.evaluate(ROWS))


def test_nothing_is_requested_but_the_page_itself(page: Browser, file: Path) -> None:
    assert page.requests == [file.resolve().as_uri()]


def test_words_of_analyzers_are_strong_or_code_where_they_say_so(page: Browser) -> None:
    shown = "document.querySelector('#analyses p')"
    assert page.evaluate(f"{shown}.textContent") == "Supported by nDCG@10, W-AUC* and all."
    assert page.evaluate(f"{shown}.querySelector('strong').textContent") == "Supported"
    assert page.evaluate(f"{shown}.querySelector('code').textContent") == "nDCG@10"


def test_text_of_records_is_never_markup(page: Browser) -> None:
    assert page.evaluate("window.broken") is None
    assert "<script>" in page.evaluate("document.querySelector('#about .lead').textContent")


def test_there_is_a_tab_a_table_and_the_best_is_bold(page: Browser) -> None:
    tabs = page.evaluate("[...document.querySelectorAll('[role=tab]')].map((tab) => tab.textContent)")
    assert tabs == ["All collections", *QUERIES]
    show(page, "web")
    assert page.evaluate("[...document.querySelectorAll('#panel strong')].map((b) => b.textContent)") == [
        "0.8850",
        "0.4425",
    ]


def test_sorting_brings_the_best_first_then_the_worst_then_as_it_was(page: Browser) -> None:
    show(page, "web")  # 0 splade, 1 splade + dsl, 2 bm25, 3 bm25 + dsl
    assert sort_by(page, "nDCG@10") == [1, 0, 3, 2]
    sort = "[...document.querySelectorAll('#panel thead th')].find((th) => th.textContent === 'nDCG@10').ariaSort"
    assert page.evaluate(sort) == "descending"
    assert sort_by(page, "nDCG@10") == [2, 3, 0, 1]
    assert page.evaluate(sort) == "ascending"
    assert sort_by(page, "nDCG@10") == [1, 0, 3, 2]
    assert page.evaluate(sort) == "none"


def test_rows_without_a_value_come_last_in_both_directions(page: Browser) -> None:
    show(page, "web")
    assert sort_by(page, "W-AUC*")[2:] == [3, 2]
    assert sort_by(page, "W-AUC*")[2:] == [3, 2]


def test_sorting_keeps_the_keyboard_where_it_was(page: Browser) -> None:
    sort_by(page, "System")
    assert page.evaluate("document.activeElement.textContent") == "System"


def test_the_filter_takes_words_of_names_and_says_how_many_are_left(page: Browser) -> None:
    page.evaluate("(() => { filter.value = 'BM dsl'; filter.dispatchEvent(new Event('input')); })()")
    assert page.evaluate(ROWS) == [3]
    assert page.evaluate("document.getElementById('count').value") == "1 of 4 systems"


def test_rows_can_be_limited_by_what_they_see(page: Browser) -> None:
    page.evaluate("[...document.querySelectorAll('.chips button')].find((b) => b.textContent === 'batch').click()")
    assert page.evaluate(ROWS) == [0, 2]


def test_arrow_keys_walk_through_the_tabs(page: Browser) -> None:
    page.evaluate("document.querySelector('[role=tab]').focus()")
    page.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "web"
    assert page.evaluate("document.activeElement.ariaSelected") == "true"
    page.press("ArrowLeft")
    page.press("ArrowLeft")
    assert page.evaluate("document.activeElement.textContent") == "beir/scifact/test"


def test_provenance_is_one_press_away_and_escape_leads_back(page: Browser) -> None:
    page.evaluate("document.querySelectorAll('button.system')[0].focus()")
    page.press("Enter")
    assert page.evaluate("document.getElementById('record').open") is True
    shown = page.evaluate("document.getElementById('record').innerText")
    for fact in ("naver/splade-v3", "a" * 40, "tau 1", "cccccccccccccccc", "abacus"):
        assert fact in shown
    for fact in ("Analysis: wackiness", "robust w auc\n0.8750", "wackiness: ranker self", "Removal on web is seen."):
        assert fact in shown
    record = page.evaluate("JSON.parse(document.querySelector('#record pre').textContent)")
    assert record["analysis"]["wackiness"]["robust"]["w_auc"] == 0.875  # shared by two records, shown in each
    page.press("Escape")
    assert page.evaluate("document.getElementById('record').open") is False
    assert page.evaluate("document.activeElement.classList.contains('system')") is True


@pytest.mark.parametrize("collection", QUERIES)
def test_the_scatter_has_one_point_a_query(page: Browser, collection: str) -> None:
    show(page, collection)
    points = page.evaluate("[...document.querySelectorAll('[data-query]')].map((point) => point.dataset.query)")
    assert sorted(points) == sorted(QUERIES[collection])


def test_a_point_says_its_query_and_both_values(page: Browser) -> None:
    show(page, "web")
    page.evaluate("document.querySelector('#queries .plot').scrollIntoView({block: 'center'})")
    place = page.evaluate(
        "(() => { const box = document.querySelector('[data-query=w1]').getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    page.move(*place)
    shown = page.evaluate("document.querySelector('#queries .tip').innerText").splitlines()
    assert shown == ["w1", "bm25 + none 0.9000", "splade + dsl 0.3000", "difference −0.6000"]


def test_the_keyboard_walks_through_the_points_from_the_greatest_loss_to_the_greatest_gain(page: Browser) -> None:
    show(page, "web")
    page.evaluate("document.querySelector('#queries .plot').focus()")
    page.press("ArrowRight")
    assert page.evaluate("document.querySelector('#queries .current').dataset.query") == "w1"
    page.press("End")
    assert "difference +0.6500" in page.evaluate("document.querySelector('#queries .tip').innerText")


def test_the_front_holds_what_nothing_beats_in_both(page: Browser) -> None:
    show(page, "web")
    on_front = "[...document.querySelectorAll('[data-chart=FLOPS] .on-front')].map((p) => Number(p.dataset.system))"
    assert sorted(page.evaluate(on_front)) == [1, 3]


def test_curves_are_drawn_with_their_areas_and_bands(page: Browser) -> None:
    of = "document.querySelectorAll('[data-curves={}] {}').length"
    assert page.evaluate(of.format("Wackiness", ".curve")) == 2  # and the other collection's
    assert "splade: W-AUC 0.875" in page.evaluate("document.querySelector('[data-curves=Wackiness] .legend').innerText")
    assert page.evaluate(of.format("Removal", ".curve")) == 2
    assert page.evaluate(of.format("Removal", ".band")) == 1
    assert page.evaluate(of.format("Removal", ".knot")) == 5
    assert "wackiest: mean effect -0.0040" in page.evaluate("document.querySelector('[data-curves=Removal]').innerText")


def test_what_an_analyzer_says_of_the_suite_is_laid_out(page: Browser) -> None:
    assert page.evaluate("document.querySelector('#analyses h2').textContent") == "domain gap"
    assert page.evaluate("document.querySelector('#analyses h4').textContent") == "Systems"
    fields = "[...document.querySelectorAll('#analyses td')].map((field) => field.innerText)"
    assert page.evaluate(fields) == ["splade − bm25", "+0.1"]
    assert page.evaluate("document.querySelector('#analyses code').textContent") == "nDCG@10"


def test_a_published_figure_is_stamped_where_it_stands(page: Browser) -> None:
    show(page, "beir/scifact/test")
    assert page.evaluate("[...document.querySelectorAll('#panel .stamp')].map((stamp) => stamp.textContent)") == [
        "unknown length"
    ]
    assert "published 0.7140 (+0.1110; anserini" in page.evaluate("document.getElementById('published').innerText")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_is_as_wide_as_the_screen_and_readable_in_both_schemes(
    browser: Browser, file: Path, width: int, dark: bool
) -> None:
    browser.open(file, width=width, height=850, dark=dark)
    for table in ("All collections", *QUERIES):
        show(browser, table)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
    contrasts = browser.evaluate(_CONTRASTS)
    assert {name: round(found, 1) for name, found in contrasts.items() if found < 4.5} == {}  # WCAG AA
    assert browser.problems == []


def test_charts_follow_the_width_of_the_window(page: Browser) -> None:
    page.resize(400)
    page.wait_for("document.querySelector('#queries .plot').clientWidth < 400")
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_without_values_of_queries_the_page_says_where_they_are(browser: Browser, file: Path) -> None:
    report = read_report(file.parent)
    small = file.with_name("small.html")
    small.write_text(type(report)(report.board, report.evidence, page_bytes=1).render("html"), encoding="utf-8")
    browser.open(small)
    assert browser.evaluate("document.getElementById('queries').hidden") is True
    assert "per_query.csv.gz" in browser.evaluate("document.getElementById('reading').innerText")
    assert browser.problems == []


def test_a_difference_within_the_noise_of_encoding_is_grey_however_the_table_is_sorted(
    browser: Browser, tmp_path: Path
) -> None:
    suite = write_rich(tmp_path)
    Noise(groups=(noise_of(rich_record("web", "bm25", "none"), 0.013),)).write(suite)
    read_report(suite).write(suite, "leaderboard")
    browser.open(suite / "leaderboard.html")
    show(browser, "web")
    grey = "[...document.querySelectorAll('#panel td.noise')].map((cell) => [cell.innerText.trim(), cell.title])"
    browser.wait_for(f"{grey}.length === 1")
    sort_by(browser, "nDCG@10")
    browser.wait_for(f"{grey}.length === 1")
    ((text, title),) = browser.evaluate(grey)
    assert text == "(+0.0250)"
    assert title.startswith("Encoding the same texts in other ways moved nDCG@10")
    assert browser.evaluate("document.querySelector('#panel .below').innerText") == title
    show(browser, "beir/scifact/test")
    browser.wait_for(f"{grey}.length === 0")
    assert browser.problems == []


_CONTRASTS = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((channel) => channel / 255);
  };
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    const colour = node ? getComputedStyle(node).backgroundColor : "white";
    return colour === "rgba(0, 0, 0, 0)" ? behind(node.parentElement) : colour;
  };
  const words = "h1, h2, p, td, th button, .tag, .sees, .stamp, .tick, .axis, .legend li, .gain, .loss, select";
  const found = {};
  for (const node of document.querySelectorAll(words)) {
    const { fill, color } = getComputedStyle(node);
    const both = [luminance(node.closest("svg") ? fill : color), luminance(behind(node))];
    const name = `${node.tagName} ${node.getAttribute("class") ?? ""}`;
    found[name] = Math.min(found[name] ?? Infinity, (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05));
  }
  return found;
})()"""


def test_what_is_sorted_and_filtered_stands_in_the_address_and_comes_back(page: Browser) -> None:
    show(page, "web")
    rows = sort_by(page, "FLOPS")
    page.evaluate("(() => { filter.value = 'dsl'; filter.dispatchEvent(new Event('input')); })()")
    state = page.evaluate("location.hash")
    page.evaluate("location.reload()")
    page.wait_for("document.documentElement?.dataset.ready === 'true' && filter.value === 'dsl'")
    assert page.evaluate("location.hash") == state != ""
    assert page.evaluate(ROWS) == [row for row in rows if row in (1, 3)]
    tab = "document.querySelector('#leaderboard [aria-selected=true]').textContent"
    assert page.evaluate(tab) == "web"
    page.evaluate("history.replaceState(null, '', '#')")


def test_a_page_begins_with_its_answer(page: Browser) -> None:
    assert page.evaluate("document.querySelector('#masthead h1 + .answer').textContent.length > 20")
    assert page.evaluate("document.getElementById('about').open") is False


def test_sixteen_models_look_different(page: Browser) -> None:
    """Whatever is drawn of a model is its colour, its dashes and whether its mark is hollow."""
    page.evaluate("models.push(...[...Array(16 - models.length).keys()].map((n) => `m${n}`))")
    looks = page.evaluate("models.map((model) => [modelColour(model), modelDash(model), isHollow(model)].join())")
    assert len(set(looks)) == len(looks) == 16
