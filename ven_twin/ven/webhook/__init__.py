"""The resident's webhook: what becomes of this VEN's events, posted to an address of the resident's own.

    twin's tick ── changes ──▶ store ──▶ bridge ── pipe: posts ──▶ worker ── HTTPS ──▶ receiver
                                           ◀── pipe: status ───┘

A receiver is a stranger: it may be dead, slow, or answer anything. What speaks to it is a process of its own,
as for Home Assistant, that lives while there is something to deliver: its name servers, its TLS and its bytes
cost the twin nothing. What waits is in a file beside the outbox, in its order, over restarts.
"""
