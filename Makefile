# Everything sets itself up: only Python 3.11 or newer and make are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= auto

.PHONY: demo test lint types unit schemas bench torture clean

demo: $(READY)
	@$(BIN)/qboxctl demo

test: lint types unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	$(BIN)/pytest -n $(JOBS)

# Cases in memory and over sockets: make torture CASES=20000 SOCKETS=500
CASES ?= 20000
SOCKETS ?= 500
torture: $(READY)
	QBOXCTL_TORTURE=$(CASES) QBOXCTL_TORTURE_SOCKETS=$(SOCKETS) $(BIN)/pytest tests/test_laws.py -v -n $(JOBS) \
		-k "many_quirks or three_runs" --hypothesis-show-statistics

schemas: $(READY)
	$(BIN)/qboxctl schema config > schemas/config.schema.json
	$(BIN)/qboxctl schema plan > schemas/plan.schema.json
	$(BIN)/qboxctl explain --format markdown > qboxctl/docs/reference.md

bench: $(READY)
	$(BIN)/python -m tests.bench

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[emulator,dev]'
	@touch $@

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
