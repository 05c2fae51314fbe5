"""``make prices``: writes what bills are reckoned with, `measured.json`, and docs/reference/prices.md."""

from __future__ import annotations

from harness.functions.stack import functions_of, synthesized
from harness.prices.measuring import write_measured
from harness.prices.page import write
from ven_twin.operations.bill.measured import measured

write_measured({function.name: function for function in functions_of(synthesized())})
measured.cache_clear()
write()
