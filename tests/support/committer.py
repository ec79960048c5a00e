"""A program that commits batches one after the other and says so, until it is killed.

    python -m tests.support.committer FOLDER

It continues the only stream of the database in FOLDER, and writes the number of each tick to standard output once its
commit has returned.
"""

import sys
from pathlib import Path

from tests.support.live import append, commit, live
from tests.support.pushes import a_batch


def main() -> None:
    with live(Path(sys.argv[1])) as database:
        tick = max((stream.last for stream in database.state.streams), default=0)
        row = database.state.next_batch
        while True:
            if commit(database, append(row, a_batch(tick + 1)), append(row + 1, a_batch(tick + 2))) is None:
                tick, row = tick + 2, row + 2
                sys.stdout.write(f"{tick}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
