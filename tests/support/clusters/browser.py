"""Somebody with a browser, who has reached one aggregator of a region."""

import http.client
import json
from typing import Any

from tests.support.clusters.aggregators import AggregatorNode


class Browser:
    """Somebody who speaks to one aggregator over the network."""

    def __init__(self, node: AggregatorNode, **headers: str) -> None:
        self.headers = headers
        self.said: dict[str, str] = {}
        self._http = http.client.HTTPConnection(node.machine.address, node.console_port, timeout=40)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        content = None if body is None else json.dumps(body)
        self._http.request(method, path, content, {"x-sysmon": "1"} | self.headers)
        answer = self._http.getresponse()
        text, self.said = answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        self._http.close()
        return answer.status, json.loads(text) if text else None

    def sign_in(self, user: str, password: str) -> int:
        """Sign in, go on with the cookie, and return the status of the answer."""
        status, _ = self.ask("POST", "/api/v1/session", {"user": user, "password": password})
        if "set-cookie" in self.said:
            self.headers["cookie"] = self.said["set-cookie"].partition(";")[0]
        return status
