# Everything sets itself up: only Python 3.11 or newer and make are needed.
# What runs the program is installed first, and alone for the demonstration; the tools of those who change it come after.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PROGRAM := $(VENV)/.program
READY := $(VENV)/.ready
JOBS ?= auto
# Neighbours share what they set up, such as a wheel; who has nothing left to do takes half of what another one has.
TESTS := $(BIN)/pytest -n $(JOBS) --dist worksteal

.PHONY: demo test quick lint types unit coverage schemas specimens bench torture release clean

demo: $(PROGRAM)
	@$(BIN)/qboxctl demo

test: lint types unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	$(TESTS)

# An answer for each edit, in about a minute: all but the tests that are marked slow.
quick: $(READY)
	$(TESTS) -m "not slow"

# Every test, and which lines and branches none of them reaches; fails below the floor in pyproject.toml.
coverage: $(READY)
	$(TESTS) --cov --cov-report=term:skip-covered

# Cases in memory and over sockets: make torture CASES=20000 SOCKETS=500
CASES ?= 20000
SOCKETS ?= 500
torture: $(READY)
	QBOXCTL_TORTURE=$(CASES) QBOXCTL_TORTURE_SOCKETS=$(SOCKETS) $(BIN)/pytest tests/test_laws.py \
		tests/test_shape_laws.py tests/planning/test_partial.py -v -n $(JOBS) --hypothesis-show-statistics \
		-k "many_quirks or reach_the_wish or at_once or exported or stopped_anywhere or hides or says_what_the_whole_says"

schemas: $(PROGRAM)
	$(BIN)/qboxctl schema config > schemas/config.schema.json
	$(BIN)/qboxctl schema plan > schemas/plan.schema.json
	$(BIN)/qboxctl explain --format markdown > qboxctl/docs/reference.md
	$(BIN)/python examples/picture/picture.py

# What all forms look like, at every size and width, as text and pictures: to be looked at
specimens: $(READY)
	$(BIN)/python -m tests.specimens build/specimens

bench: $(READY)
	$(BIN)/python -m tests.bench

# The change log from the fragments in .changes/: make release VERSION=1.2.0
release: $(READY)
	@test -n "$(VERSION)" || { echo "which one? make release VERSION=1.2.0" >&2; exit 1; }
	$(BIN)/hatchling version "$(VERSION)"
	$(BIN)/towncrier build --yes --name qboxctl --version "$(VERSION)"

$(PROGRAM): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[emulator]'
	@touch $@

# Dependency groups (PEP 735) need pip 25.1; that of Python 3.11 is older.
$(READY): $(PROGRAM)
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) --group dev
	@touch $@

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
