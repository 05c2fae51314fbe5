"""The twin as a VEN of a VTN of OpenADR 3.1.0, of anybody's.

                  ┌─ client ── tokens, TLS, pages, Retry-After ──▶ VTN
    bridge ───────┤                                                 │
    ▲  │   ▲      └─ book ── events that were read, as DR events;   │
    │  ▼   │         │       reports that are due (pure)            │
    tick   │         └─ store: the same in a file                   │ has changed
           │                                                        ▼
           └── reason to ask ── callback server, or listener to the broker

The bridge asks the VTN for programs and events in its own time, or when it is told that something has
changed; at each tick of the twin the book says what is to be acted on, and which reports are due. Those wait
in the file until the VTN has them.
"""
