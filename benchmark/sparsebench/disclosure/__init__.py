"""Keep what is written and shown free of folders of this machine, secrets, and control characters of strangers."""
