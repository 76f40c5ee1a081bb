"""Download a snapshot of the hub, in a process of its own, which can be ended: `python transfer.py REQUEST`.

huggingface_hub tries again for many minutes where a hub accepts connections and says nothing, and a thread that waits
cannot be stopped. REQUEST is JSON: the keyword arguments of `snapshot_download`. Ends with 1 and the reason as the last
line of standard output where the download fails; standard error shows its progress.
"""

import json
import sys


def main() -> int:
    """Download; returns the exit code."""
    import huggingface_hub

    try:
        huggingface_hub.snapshot_download(**json.loads(sys.argv[1]))
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        print(f"{type(error).__name__}: {first}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
