"""Read YAML whose values know their line: include, override, grid, all mistakes at once."""
