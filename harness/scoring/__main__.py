"""``make baselines``: lives the season, scores the baselines, writes docs/reference/baselines.md's tables."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from harness.scoring.homes import HOMES
from harness.scoring.lived import event_days, live
from harness.scoring.scores import ALL_RULES, METER_BEFORE, SUMMED, Scores, score_all

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "baselines.md"
BEGIN, END = "<!-- scores: begin -->", "<!-- scores: end -->"


def main() -> None:
    """Write the tables between the page's markers; the same homes and weather give the same tables."""
    began_s = time.monotonic()
    events = event_days()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        homes = list(pool.map(partial(live, events=events), range(HOMES)))
    scores = score_all(homes, events)
    text = tables(scores)
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
    sys.stdout.write(f"{text}\n{PAGE.name} written in {time.monotonic() - began_s:.0f} s\n")


def tables(scores: Scores) -> str:
    """The figures, as the page has them."""
    names = [*ALL_RULES, METER_BEFORE]
    lines = [
        "| on the aggregate of 30 | bias, 20 event days | CVRMSE | bias, all days | CVRMSE | band holds |"
    ]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for name in (*names, SUMMED):
        peak, whole = scores.aggregate[name, True], scores.aggregate[name, False]
        cells = (peak.bias_percent, peak.cvrmse_percent, whole.bias_percent, whole.cvrmse_percent)
        lines.append(
            f"| {name} | {_signed(cells[0])} | {cells[1]:.1f} % | {_signed(cells[2])} | {cells[3]:.1f} % "
            f"| {_within(whole.within_percent)} |"
        )
    lines += ["", "| on a single home, the median of 30 | size of bias, 20 event days | CVRMSE |"]
    lines[-1] += " size of bias, all days | CVRMSE | band holds |"
    lines.append("|---|--:|--:|--:|--:|--:|")
    for name in names:
        peak_home, whole_home = (scores.typical(name, events_only=only) for only in (True, False))
        lines.append(
            f"| {name} | {peak_home[0]:.1f} % | {peak_home[1]:.1f} % | {whole_home[0]:.1f} % "
            f"| {whole_home[1]:.1f} % | {_within(whole_home[2])} |"
        )
    return "\n".join(lines) + "\n"


def _signed(percent: float) -> str:
    return f"{percent:+.1f} %".replace("-", "−")


def _within(percent: float | None) -> str:
    return "–" if percent is None else f"{percent:.0f} %"


if __name__ == "__main__":
    main()
