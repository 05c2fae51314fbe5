"""gmqtt's log, without payloads (guard 16)."""

from __future__ import annotations

import logging


class _PayloadFree(logging.Filter):
    """Keeps packets out of records of any level, and gmqtt's complaint about a reconnect it is not to do."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                f"<{len(arg)} bytes>" if isinstance(arg, (bytes, bytearray)) else arg for arg in record.args
            )
        return "max number of failed connection" not in str(record.msg)


def quiet_logger() -> logging.Logger:
    """The logger to give to a gmqtt client; holds gmqtt's own at WARNING, for at DEBUG they log payloads."""
    logging.getLogger("gmqtt").setLevel(logging.WARNING)
    logging.getLogger("gmqtt.mqtt.protocol").setLevel(logging.ERROR)  # the session logs losses
    quiet = logging.getLogger("gmqtt.session")
    quiet.setLevel(logging.WARNING)
    if not any(isinstance(member, _PayloadFree) for member in quiet.filters):
        quiet.addFilter(_PayloadFree())
    return quiet
