# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= someone@gmail.com
CORPUS ?= ../shared/data
MINUTES ?= 1

# Tests that were compiled once are collected, and commands started, in half the time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test thorough quick check format bench fuzz mutate corpus table verify-table clean

$(VENV)/.installed: pyproject.toml hatch_build.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[server]' --group test --group web --group check
	touch $@

demo: $(VENV)/.installed ## find the settings of a real address, or say that there is no network
	$(BIN)/mailsettings $(DEMO) || [ $$? -eq 1 ]

test: $(VENV)/.installed ## every test, also those with real servers
	sh tests/lab/install
	sh tests/web/install
	$(BIN)/python -m pytest -n 3 -m "not thorough"

thorough: $(VENV)/.installed ## what tries everything there is: minutes
	$(BIN)/python -m pytest -n 2 -m thorough

quick: $(VENV)/.installed ## the tests that need neither root nor servers
	$(BIN)/python -m pytest -q -m "not lab and not slow and not thorough" --hypothesis-profile=quick -p no:schemathesis -n 2

check: $(VENV)/.installed ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(VENV)/.installed ## throw broken input at every parser: make fuzz MINUTES=30
	-$(BIN)/python -m pip install --quiet --group fuzz
	$(BIN)/python -m scripts.fuzz $(MINUTES)

mutate: $(VENV)/.installed ## change the guards one by one and see whether a test notices
	$(BIN)/python -m scripts.mutate

bench: $(VENV)/.installed ## all measurements, each prints a ratio
	$(BIN)/python -m benchmarks

corpus: $(VENV)/.installed ## read recorded material: make corpus CORPUS=directory
	$(BIN)/python -m benchmarks.corpus $(CORPUS)
	$(BIN)/python -m benchmarks.coverage $(CORPUS)

table: $(VENV)/.installed ## format and check the provider table, show what has changed in meaning
	$(BIN)/python -m scripts.table $(if $(wildcard $(CORPUS)/facts-open.jsonl),--corpus $(CORPUS))

verify-table: $(VENV)/.installed ## contact every server of the provider table once, report the stale rows
	$(BIN)/python -m scripts.table verify $(PROVIDERS)

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache src/mailsettings/provider_table/_data
