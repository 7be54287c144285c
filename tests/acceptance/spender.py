"""A process that spends a member's points, 7 at a time, until it is refused.

Arguments: port, WoowUp key, member's number. Prints how many spends were granted, and the last
answer's status. It starts when a line comes on its standard input, so that several start together.
"""

from __future__ import annotations

import http.client
import json
import sys

_SECONDS = 60


def spend(port: int, key: str, number: int) -> tuple[int, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    headers = {"authorization": f"Basic {key}", "content-type": "application/json"}
    body = json.dumps({"concept": "gift", "points": -7, "description": "spent"})
    granted = 0
    while True:
        connection.request("POST", f"/apiv3/users/{number}/points", body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            return granted, answer.status
        granted += 1


if __name__ == "__main__":
    sys.stdin.readline()
    print(*spend(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
