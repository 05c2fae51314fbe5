"""Units and signs, said once.

Every measured quantity carries its unit in its name: ``_kw _kwh _s _h _c _soc _l``.
Power and energy are positive when the site imports (or a circuit consumes) and negative when it
exports (or generates). Times are UTC seconds since the epoch; on the wire whole seconds.
"""

from datetime import UTC, datetime

S_PER_MIN = 60.0
S_PER_QUARTER = 900
"""Of an hour: the grid on which settlement averages."""
S_PER_H = 3600.0
S_PER_DAY = 86_400
LEAST_SHARE_KW = 0.05
"""Below this a power is too little to take a share of. Interpretation: nobody is called for less."""


def kwh(power_kw: float, duration_s: float) -> float:
    """Energy of a constant power held for a duration, kWh."""
    return power_kw * duration_s / S_PER_H


def celsius_to_fahrenheit(temperature_c: float) -> float:
    """A temperature in °C as one in °F."""
    return temperature_c * 9.0 / 5.0 + 32.0


def instant_text(ts: float) -> str:
    """An instant as people read it, such as ``2026-07-14 17:00:00 UTC``."""
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M:%S} UTC"
