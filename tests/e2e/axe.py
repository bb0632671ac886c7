"""What axe-core finds on a page: the findings that keep somebody from using it."""

from __future__ import annotations

import importlib.resources

from playwright.sync_api import Page as Tab

_AXE = importlib.resources.files("axe_playwright_python") / "axe.min.js"
# Rules of WCAG 2.1 A and AA, and what axe calls best practices.
_RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .filter((v) => ["serious", "critical"].includes(v.impact))
  .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target.join(" ")} ${n.any[0]?.message ?? ""}`).join("; ")}`)"""


def serious(tab: Tab) -> list[str]:
    """Findings that axe calls serious or critical, each with where it is; none is what one wants to see."""
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(_AXE.read_text(encoding="utf-8"))
    found: list[str] = tab.evaluate(_RUN)
    return found
