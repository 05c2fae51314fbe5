"""The VEN in the resident's own Home Assistant: its power, its running event, and the opt-out as a switch.

The broker of a home is no part of demand response. What speaks to it is a process of its own (`worker`),
which gets states by a pipe and gives back one bit: whatever becomes of that broker, or comes from it, ends
there.

    twin's loop ── bridge ── pipe: states ──▶ worker ── MQTT ──▶ the home's broker ── Home Assistant
                      ◀── pipe: opt-out on, off ──┘
"""
