"""The settings of a VEN: by its shadow, by command, or by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from contracts.wire.shadow import Desired, LoadSetting, OptOut

DEFAULT_REPORT_INTERVAL_S = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force.

    Attributes:
        report_interval_s: between two telemetry rows.
        target_power_kw: a standing import limit, or None. Interpretation: the earlier system left open
            what its ``target_power_kw`` aims at; a limit of what is drawn from the grid it is here.
        enabled: whether the VEN takes part in events.
        opt_out: why and until when it takes no part by its own choice, or None.
        loads: what was set of circuits, by their id.
    """

    report_interval_s: float = DEFAULT_REPORT_INTERVAL_S
    target_power_kw: float | None = None
    enabled: bool = True
    opt_out: OptOut | None = None
    loads: Mapping[str, LoadSetting] = field(default_factory=dict)

    def participates(self, now_ts: float) -> bool:
        """True when events are acted on at *now_ts*."""
        return self.enabled and not self.opted_out(now_ts)

    def opted_out(self, now_ts: float) -> bool:
        """True while an opt-out is in force at *now_ts*."""
        if self.opt_out is None:
            return False
        return self.opt_out.until_ts is None or now_ts < self.opt_out.until_ts

    def with_desired(self, desired: Desired) -> Settings:
        """These settings with what *desired* mentions put in force."""
        changes: dict[str, Any] = {}
        if desired.report_interval_s is not None:
            changes["report_interval_s"] = desired.report_interval_s
        if desired.target_power_kw is not msgspec.UNSET:
            changes["target_power_kw"] = desired.target_power_kw
        if desired.enabled is not None:
            changes["enabled"] = desired.enabled
        if desired.opt_out is not msgspec.UNSET:
            changes["opt_out"] = desired.opt_out
        if desired.loads:
            changes["loads"] = {
                **self.loads,
                **{load_id: _over(self.loads.get(load_id), new) for load_id, new in desired.loads.items()},
            }
        return replace(self, **changes)


def _over(old: LoadSetting | None, new: LoadSetting) -> LoadSetting:
    """*new*, with what it leaves open taken from *old*."""
    if old is None:
        return new
    changed = {name: value for name in new.__struct_fields__ if (value := getattr(new, name)) is not None}
    return msgspec.structs.replace(old, **changed)
