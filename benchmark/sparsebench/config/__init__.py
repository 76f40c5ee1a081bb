"""YAML with places: read, include, override, grid, all mistakes at once; knows no suite."""
