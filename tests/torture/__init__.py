"""The campaign of faults: `python -m torture` (`make torture`), and its short form as tests."""
