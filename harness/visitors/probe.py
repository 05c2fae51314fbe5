"""Ask for a page's health twice a second, as a process: ``python -m harness.visitors.probe PORT``.

Each line on standard output is a time in seconds, or the reason why there was no answer.
"""

from __future__ import annotations

import http.client
import sys
import time

EVERY_S = 0.5


def main() -> None:
    """Ask until the parent ends this process."""
    port = int(sys.argv[1])
    while True:
        began_s = time.monotonic()
        try:
            page = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
            page.request("GET", "/live", headers={"Connection": "close"})
            answer = page.getresponse()
            answer.read()
            line = f"{time.monotonic() - began_s:.4f}" if answer.status == 200 else f"status {answer.status}"
            page.close()
        except (OSError, http.client.HTTPException) as error:
            line = repr(error)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        time.sleep(EVERY_S)


if __name__ == "__main__":
    main()
