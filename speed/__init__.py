"""The speed suite: every stage beside its peers, on this machine, in one run. `make bench`, or `make bench QUICK=1`."""
