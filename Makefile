# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= someone@gmail.com
CORPUS ?= ../shared/data

.PHONY: demo test quick check format bench corpus table verify-table clean

$(VENV)/.installed: pyproject.toml hatch_build.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group test --group check
	touch $@

demo: $(VENV)/.installed ## find the settings of a real address, or say that there is no network
	$(BIN)/mailsettings $(DEMO) || [ $$? -eq 1 ]

test: $(VENV)/.installed ## every test, also those with real servers
	sh tests/lab/install
	$(BIN)/python -m pytest

quick: $(VENV)/.installed ## the tests that need neither root nor servers
	$(BIN)/python -m pytest -q -m "not lab and not slow" --hypothesis-profile=quick -n 2

check: $(VENV)/.installed ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed ## all measurements, each prints a ratio
	$(BIN)/python -m benchmarks

corpus: $(VENV)/.installed ## read recorded material: make corpus CORPUS=directory
	$(BIN)/python -m benchmarks.corpus $(CORPUS)

table: $(VENV)/.installed ## format and check the provider table, show what has changed in meaning
	$(BIN)/python -m scripts.table

verify-table: $(VENV)/.installed ## contact every server of the provider table once, report the stale rows
	$(BIN)/python -m scripts.table verify $(PROVIDERS)

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache src/mailsettings/_data
