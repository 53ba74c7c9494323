# The same commands for people and CI. PYTHON is what .venv is made from.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
COVERAGE := --cov --cov-report=term:skip-covered

.PHONY: quickstart own-machines test coverage test-slow conformance lowest mutants soak bench services ray check fix docs install install-dev

quickstart: install ## install, then plan and apply the example on the embedded emulator
	rm -rf examples/quickstart/.ftops
	$(BIN)/ftops -C examples/quickstart plan
	$(BIN)/ftops -C examples/quickstart apply --yes --wait --timeout 5m
	$(BIN)/ftops -C examples/quickstart status
	$(BIN)/ftops -C examples/quickstart outputs

own-machines: install ray ## train two chained models for real, on a Ray head of this machine (2 minutes and 2 GB to install, 90 s to run)
	$(BIN)/python examples/own-machines/show.py

test: install-dev ## install, then pass the tests
	$(BIN)/python -m pytest -q -n 2 -m "not slow" $(COVERED)

coverage: COVERED = $(COVERAGE)
coverage: test ## the same tests, and how much of the code they run: below the floor in pyproject.toml it fails

test-slow: install-dev ## the tests that take many seconds
	$(BIN)/python -m pytest -q -m slow --ignore=tests/recipes
	$(BIN)/python -m pytest -q -n 2 -m slow tests/recipes

conformance: install-dev ## real clients drive the emulator, and ftops real servers, each in an environment of its own
	$(BIN)/python -m tests.conformance

lowest: install-dev ## part of the tests on the lowest declared versions, and on the other Pythons that are here
	$(BIN)/python -m tests.versions

mutants: install-dev ## break a sample of the code that must not pay twice, and show what no test notices (by hand: half an hour)
	$(BIN)/python -m tests.mutants

soak: install-dev ## 10,000 rounds of reconcile with faults, the controller killed 50 times (by hand: a quarter of an hour; a tenth is in test-slow)
	$(BIN)/python -m tests.soak

bench: install-dev ## measure ftops beside its peers (benchmarks/README.md), all of it or SCENARIOS=start,plan N=1000
	$(BIN)/python -m benchmarks $(if $(SCENARIOS),--scenarios $(SCENARIOS)) $(if $(N),--n $(N)) \
	  $(if $(CREATES),--creates $(CREATES)) $(if $(PEERS_UP_TO),--peers-up-to $(PEERS_UP_TO)) \
	  $(if $(OUT),--out $(OUT)) $(if $(PAGE),--page)

services: ## install the servers that tests talk to (of shared state, of editors), Chromium, Prometheus, and clients of forges; without them these tests skip
	PYTHON=$(PYTHON) sh tests/services/install.sh

ray: ## install a real Ray and what trains on it (.venv-ray, 2 GB); without it the tests on a real Ray skip
	$(PYTHON) tests/ray/install.py

check: install-dev ## style, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install-dev ## draw the generated pages and man pages again
	$(BIN)/python -m docs.generator

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25'
	$(BIN)/python -m pip install --quiet -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25'
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@ $(VENV)/.installed
