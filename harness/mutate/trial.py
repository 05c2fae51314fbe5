"""Trials: each mutant in a copy of the tree, against the tests that can notice it."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.mutate.mutants import Mutant
from harness.mutate.pytest_watch import SELECTION
from harness.mutate.reach import Reach
from harness.mutate.sample import EquivalentMutant
from harness.mutate.tree import Tree

TIMEOUT_FACTOR = 4.0
TIMEOUT_LEAST_S = 60.0
TIMEOUT_MOST_S = 400.0
FIRST_FILES = 8
"""Files of tests that are tried before all others: loading these takes longer than running them."""
NOTHING_COLLECTED = 5
"""Pytest's exit code when no test is left to run."""


class MutantVerdict(StrEnum):
    """The outcome of a trial."""

    KILLED = "killed"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"


@dataclass(frozen=True, slots=True)
class MutantTrial:
    """A mutant and its verdict; *note* gives the reason where it is not plain."""

    area: str
    mutant: Mutant
    verdict: MutantVerdict
    note: str = ""


def try_mutant(area: str, mutant: Mutant, tree: Tree, reach: Reach, *, folder: Path) -> MutantTrial:
    """Run the tests that reach *mutant* with it in *tree*; a run that does not end in time kills it."""
    tests = reach.tests_of(mutant)
    if not tests:
        return MutantTrial(area, mutant, MutantVerdict.SURVIVED, "no test runs it")
    selection = folder / "selection.json"
    selection.write_text(json.dumps(tests))
    files = list(dict.fromkeys(test.split("::", maxsplit=1)[0] for test in tests))
    limit_s = min(max(TIMEOUT_FACTOR * reach.duration_s(tests), TIMEOUT_LEAST_S), TIMEOUT_MOST_S)
    source = (tree.root / mutant.path).read_text()
    codes: set[int] = set()
    with tree.changed(mutant.path, mutant.apply(source)):
        for lot in filter(None, (files[:FIRST_FILES], files[FIRST_FILES:])):
            code = tree.pytest(
                ["-x", "-p", "no:xdist", *lot],
                environment={SELECTION: str(selection)},
                log=folder / "pytest.log",
                timeout_s=limit_s,
            )
            if code is None:
                return MutantTrial(area, mutant, MutantVerdict.KILLED, f"no end after {limit_s:.0f} s")
            if code not in {0, NOTHING_COLLECTED}:
                return MutantTrial(area, mutant, MutantVerdict.KILLED)
            codes.add(code)
    note = "no test runs it" if codes == {NOTHING_COLLECTED} else ""
    return MutantTrial(area, mutant, MutantVerdict.SURVIVED, note)


def try_all(
    checkout: Path,
    shares: Mapping[str, Sequence[Mutant]],
    equivalent: Sequence[EquivalentMutant],
    reach: Reach,
    *,
    processes: int,
) -> Iterator[MutantTrial]:
    """Try every mutant that is not known as equivalent, in *processes* copies of the tree, as they end."""
    sources = {
        mutant.path: (checkout / mutant.path).read_text() for share in shares.values() for mutant in share
    }
    waiting: list[tuple[str, Mutant]] = []
    for area, share in shares.items():
        for mutant in share:
            match = next((one for one in equivalent if one.matches(mutant, sources[mutant.path])), None)
            if match is None:
                waiting.append((area, mutant))
            else:
                yield MutantTrial(area, mutant, MutantVerdict.EQUIVALENT, match.reason)
    with ExitStack() as stack:
        idle: queue.SimpleQueue[tuple[Tree, Path]] = queue.SimpleQueue()
        trees = [stack.enter_context(Tree.copied_from(checkout)) for _ in range(processes)]
        for tree in trees:
            idle.put((tree, Path(stack.enter_context(TemporaryDirectory(prefix="mutate-log-")))))

        def one(area: str, mutant: Mutant) -> MutantTrial:
            tree, folder = idle.get()
            try:
                return try_mutant(area, mutant, tree, reach, folder=folder)
            finally:
                idle.put((tree, folder))

        pool = ThreadPoolExecutor(processes)
        trials = [pool.submit(one, area, mutant) for area, mutant in waiting]
        try:
            for trial in as_completed(trials):
                yield trial.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for tree in trees:
                tree.stop()
            pool.shutdown()
