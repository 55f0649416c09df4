# Everything a fresh machine with Python >= 3.11 and make needs: `make demo` and `make test` set up what they use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo-out
DATA ?=
JOBS ?= 2
BENCH_LIMIT ?=
SECTIONS ?= all

AGAINST ?=

.PHONY: api demo test test-nojit independent lint types contracts docs doctest notebooks bench clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

# A stamp a dependency group, renewed when pyproject.toml changes.
$(VENV)/.base: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@
$(VENV)/.group-%: pyproject.toml $(VENV)/.base
	$(BIN)/python -m pip install --quiet --group $*
	touch $@

demo: $(VENV)/.base
	$(BIN)/python -m fakeproof demo --out $(OUT) --overwrite

test: $(VENV)/.group-test
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests
	$(MAKE) --no-print-directory test-nojit

# The kernels once more as plain Python: what the JIT hides (bounds, types, coverage) shows here.
test-nojit: $(VENV)/.group-test
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n $(JOBS) -m nojit tests

# The weighing against an independent package.
independent: $(VENV)/.group-independent
	$(BIN)/python -m pytest tests/independent

lint: $(VENV)/.group-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.group-lint $(VENV)/.group-notebooks
	$(BIN)/mypy

contracts: $(VENV)/.group-lint
	$(BIN)/lint-imports

# What changed in the public names and signatures against a version: a tag, or any commit.
api: $(VENV)/.group-lint
	$(BIN)/griffe check fakeproof --search src --against $(or $(AGAINST),$(shell git describe --tags --abbrev=0))

docs: $(VENV)/.group-docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

# The examples in docstrings and pages.
doctest: $(VENV)/.group-docs
	$(BIN)/python -m sphinx -b doctest docs docs/_build/doctest

notebooks: $(VENV)/.group-notebooks
	$(BIN)/python -m pytest --nbmake --nbmake-timeout=300 -p no:cacheprovider -W default notebooks

# Without DATA a smoke run of what needs none; with it the full one, which renews docs/benchmarks.md.
bench: $(VENV)/.group-bench
ifeq ($(DATA),)
	$(BIN)/python -m benchmarks speed peers --limit 2
else
	$(BIN)/python -m benchmarks $(SECTIONS) --data $(DATA) --write $(if $(BENCH_LIMIT),--limit $(BENCH_LIMIT))
endif

clean:
	rm -rf docs/_build docs/api/generated $(OUT) .pytest_cache .mypy_cache .ruff_cache
