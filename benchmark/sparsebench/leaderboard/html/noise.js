// Differences that encoding alone can make are grey, however often the table is drawn anew.

(function noise() {
  const panel = section("panel");
  const title = () => document.querySelector("#leaderboard [role=tab][aria-selected=true]").dataset.title;

  function grey() {
    const table = data.tables.find((each) => each.title === title());
    for (const { system, fields } of table.rows) {
      const difference = panel.querySelector(`[data-system="${system}"] :is(.gain, .loss)`);
      if (difference === null || !fields.some((field) => field?.noise)) continue;
      difference.classList.add("noise");
      difference.title = table.below;
    }
  }

  new MutationObserver(grey).observe(panel, { childList: true });
  grey();
})();
