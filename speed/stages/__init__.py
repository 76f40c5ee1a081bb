"""One module a stage, each with `items(bench)`."""
