"""A process of its own that lives the history, and makes the state of a given store again.

`python -m conformance.lives FOLDER STORE`: prints what `digests` gives for a store made in FOLDER,
and for the SQLite file STORE after its state was made again, as two lines of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from conformance.history import digests, live, make_again
from conformance.stores import opened


def main(folder: Path, store: Path) -> None:
    with opened("sqlite", folder) as bench:
        live(bench)
        print(json.dumps(digests(bench)))
    with opened("sqlite", store.parent, tenant_id=1) as bench:
        make_again(bench)
        print(json.dumps(digests(bench)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
