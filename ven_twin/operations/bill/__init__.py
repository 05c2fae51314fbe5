"""A fleet's month on AWS: its quantities, and by the price table its bill. The one place that reckons them.

    BilledFleet          how many VENs, how often, how many events, how the stage is
      ▼ telemetry, events, reading, stack      quantities, each a `BillItem`
      ▼ bill             USD by the price table, shares, sums
      ▼ options          the same fleet otherwise, side by side

``ven-twin cost`` and docs/reference/prices.md (``make prices``) are made of it. `measured` has what was
counted.
"""
