"""Calls of a VTN on loopback to the callbacks of its subscriptions, by HTTPS."""

from __future__ import annotations

import json
import secrets
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.support.loopback_vtn import LoopbackVtn
from tests.support.waiting import GIVE_UP_S


@dataclass
class VtnCalls:
    """The calls of *vtn*, whose callbacks' certificates are of *ca_pem*.

    Attributes:
        below: whether it asks for an echo below the callback's path.
        encodes_twice: whether a notification is a text of JSON in JSON.
    """

    vtn: LoopbackVtn
    ca_pem: str
    below: bool = False
    encodes_twice: bool = False

    def echoes(self, subscription: dict[str, Any]) -> bool:
        """Tell whether each callback returns a word."""
        return all(self._echoes(each["callbackUrl"]) for each in subscription["objectOperations"])

    def tell(self, kind: str, operation: str, **body: Any) -> list[int]:
        """Tell every callback that is to be told of *operation* on *kind*; what each answers."""
        notification = {"objectType": kind, "operation": operation, "object": {"objectType": kind, **body}}
        text = json.dumps(notification)
        content = json.dumps(text) if self.encodes_twice else text
        return [
            self.post(each["callbackUrl"], content.encode(), each["bearerToken"])
            for row in self.vtn.all("subscriptions")
            for each in row["objectOperations"]
            if kind in each["objects"] and operation in each["operations"]
        ]

    def post(self, url: str, body: bytes, bearer: str | None) -> int:
        """The status of a call; 0 where none is answered."""
        headers = {"Content-Type": "application/json"}
        headers |= {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310
        try:
            with self._open(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def _echoes(self, url: str) -> bool:
        word = secrets.token_urlsafe(18)
        try:
            with self._open(f"{url}{'/echo' if self.below else ''}?echo={word}") as answer:
                return bool(answer.read() == word.encode())
        except OSError:
            return False

    def _open(self, request: urllib.request.Request | str) -> Any:
        context = ssl.create_default_context(cadata=self.ca_pem)
        handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
        return urllib.request.build_opener(*handlers).open(request, timeout=GIVE_UP_S)
