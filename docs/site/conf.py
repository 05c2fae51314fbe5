"""The site of these pages: ``make docs`` builds it, strictly.

The pages are the Markdown that a forge shows; what only the site needs stands here: how they are ordered, and
that a link to a folder leads to that folder's first page. Nothing is fetched, when it is built or looked at.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
NAVIGATION = {
    "Start": ("docs/tutorial", "docs/faq"),
    "Guides": (
        "docs/guides/fleet",
        "docs/guides/read-a-report",
        "docs/guides/operator",
        "docs/guides/web-page",
        "docs/guides/home-assistant",
        "docs/guides/notifications",
        "docs/guides/bring-your-own-ven",
        "docs/guides/real-device",
        "docs/guides/openadr",
        "docs/guides/aws",
        "docs/guides/container",
        "docs/guides/test-with-pytest",
        "docs/guides/fit-your-house",
        "docs/guides/add-a-device",
        "docs/guides/scale",
        "docs/guides/troubleshooting",
    ),
    "Reference": (
        "docs/reference/cli",
        "docs/reference/exit-codes",
        "docs/reference/api",
        "docs/reference/wire",
        "docs/reference/conformance",
        "docs/reference/house",
        "docs/reference/baselines",
        "docs/reference/metrics",
        "docs/performance",
        "docs/reference/functions",
        "docs/reference/reliability",
        "docs/reference/policies",
        "docs/reference/prices",
        "docs/reference/architecture",
        "docs/reference/glossary",
    ),
    "Decisions": ("docs/decisions/README",),
    "Project": ("CHANGELOG", "CONTRIBUTING"),
}
"""The pages by the heading that they stand under; the README is first. A page that is in none fails it."""
INDEX = (
    '<!doctype html><meta charset="utf-8"><title>{}</title>\n'
    '<meta http-equiv="refresh" content="0; url=README.html">\n'
)

project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "docs/**/*.md"]
exclude_patterns = [".*", "node_modules", "cdk.out"]
myst_heading_anchors = 6
smartquotes = False
highlight_language = "text"
nitpicky = True
show_warning_types = True

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["static"]
templates_path = ["templates"]
html_sidebars = {"**": ["navigation.html"]}
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "navbar_start": ["navbar-logo"],
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "show_toc_level": 2,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}


def _with_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Put the order of the pages below the README, where a forge does not show it."""
    if page == "README":
        for caption, pages in NAVIGATION.items():
            source[0] += (
                f"\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(pages) + "\n```\n"
            )
    elif page == "docs/decisions/README":
        source[0] += "\n\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def _toctree(lines: list[str]) -> str:
    return "\n".join(["", "", "```{toctree}", *lines, "```", ""])


def _folders_to_pages(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Lead links to a folder, which a forge lists, to its first page."""
    source[0] = re.sub(r"(\]\([^)\s:]+/)\)", r"\1README.md)", source[0])


def _write_index(app: Sphinx, error: Exception | None) -> None:
    """Lead who opens the folder to the first page."""
    if error is None and app.builder.format == "html":
        (Path(app.outdir) / "index.html").write_text(INDEX.format(project), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("source-read", _folders_to_pages)
    app.connect("source-read", _with_navigation)
    app.connect("build-finished", _write_index)
