"""The sample of mutants of a run, and those in it that are known to change nothing."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.mutate.mutants import Mutant, mutants_of

EQUIVALENT_MUTANTS = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True, slots=True)
class EquivalentMutant:
    """A mutant that no test can notice, named by the text of its line, and the reason."""

    file: str
    line: str
    mutation: str
    reason: str

    def matches(self, mutant: Mutant, source: str) -> bool:
        """Tell whether *mutant* is this one; the line may have moved."""
        names = (mutant.path, mutant.line_text(source), mutant.mutation)
        return names == (self.file, self.line, self.mutation)


def equivalent_mutants(path: Path = EQUIVALENT_MUTANTS) -> list[EquivalentMutant]:
    """The list of *path*.

    Raises:
        ValueError: an entry gives no reason.
    """
    entries = tomllib.loads(path.read_text()).get("equivalent", [])
    mutants = [EquivalentMutant(**entry) for entry in entries]
    for mutant in mutants:
        if not mutant.reason.strip():
            raise ValueError(f"{mutant.file}: {mutant.mutation}: an equivalent mutant needs its reason")
    return mutants


def sample(
    root: Path, files: Mapping[str, Sequence[str]], *, count: int, seed: int
) -> dict[str, list[Mutant]]:
    """*count* mutants in equal shares over the areas of *files*.

    The share of an area depends on *seed* and on the code of the area alone.
    """
    shares: dict[str, list[Mutant]] = {}
    for number, (area, paths) in enumerate(sorted(files.items())):
        share = count // len(files) + (number < count % len(files))
        population = [mutant for path in paths for mutant in mutants_of(path, (root / path).read_text())]
        rng = random.Random(f"{seed} {area}")
        shares[area] = sorted(rng.sample(population, min(share, len(population))))
    return shares
