# Everything works from a bare clone with Python 3.11-3.13, make and the package registry.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: quickstart test test-slow bench lint clean

quickstart: .venv/installed
	$(BIN)/sparsebench run quickstart

test: .venv/dev
	$(BIN)/python -m pytest -n 2 -m "not slow and not gpu"

test-slow: .venv/dev
	$(BIN)/python -m pytest -m slow

# Every stage beside its peers: speed/RESULTS.md. QUICK=1: small, in less than five minutes.
bench: .venv/bench
	$(BIN)/python -m speed $(if $(QUICK),--quick)

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# torch comes first and pinned: a plain `torch` would fetch gigabytes of CUDA libraries.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[quickstart]'
	touch $@

.venv/dev: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[quickstart,dev]'
	touch $@

.venv/bench: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[quickstart,fast,bench]'
	touch $@

clean:
	rm -rf .venv
