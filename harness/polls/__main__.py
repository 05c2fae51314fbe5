"""``python -m harness.polls --vens 1000 --minutes 10``: every VEN asks the VTN for its events once a minute.

Each poll carries the tag of the answer before. An event is added each minute, for two of twenty groups of
VENs, with `--for-one` for one VEN alone; the others find no news.
Before that it measures how soon who is called hears of an event. `--minutes 0` leaves the polls out.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from rich.console import Console

from harness.polls.polling import NO_ANSWER, newest_pages, poll
from harness.polls.round_trips import round_trips
from harness.polls.stand import vtn_stand
from harness.polls.wake_ups import wake_ups
from ven_twin.testing.pki import Authority

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Poll, print, and fail where an answer is none."""
    parser = argparse.ArgumentParser(prog="harness.polls")
    parser.add_argument("--vens", type=int, default=1000)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--for-one", action="store_true", help="each minute's event is for one VEN")
    options, authority = parser.parse_args(), Authority()
    with (
        tempfile.TemporaryDirectory() as folder,
        vtn_stand(
            Path(folder) / "cloud",
            vens=options.vens,
            events=options.events,
            metered=True,
            callback_ca_pem=authority.certificate,
        ) as stand,
    ):
        for words, p95_ms, function_ms in round_trips(stand):
            console.print(f"  {words:30} round trip p95 {p95_ms:6.1f} ms, own time {function_ms:6.1f} ms")
        for what, p50_s, worst_s in wake_ups(stand, authority, Path(folder)):
            console.print(f"  {what:36} p50 {p50_s:5.2f} s, worst {worst_s:5.2f} s")
        if not options.minutes:
            return
        pages = newest_pages(stand)
        before = stand.counts()
        polls = asyncio.run(poll(stand, pages, options.minutes, is_for_one=options.for_one))
        after = stand.counts()
    spent = {name: after[name] - before.get(name, 0.0) for name in after if name.endswith(".vtn")}
    for line in polls.lines():
        console.print(f"  {line}")
    for status, number in sorted(polls.in_all.items()):
        console.print(f"  {status or 'no answer':>10} {number:8,}")
    p50, p95 = (statistics.quantiles(polls.round_trips_ms, n=20)[place] for place in (9, 18))
    console.print(
        f"  round trip, p50 {p50:.0f} ms, p95 {p95:.0f} ms, worst {max(polls.round_trips_ms):.0f} ms"
    )
    for name, amount in sorted(spent.items()):
        console.print(f"  {name:30} {amount:10,.1f} {amount / polls.in_all.total():8.2f} a poll")
    if any(status in {NO_ANSWER, *range(500, 600)} for status in polls.in_all):
        raise SystemExit("a poll was not answered")


if __name__ == "__main__":
    main()
