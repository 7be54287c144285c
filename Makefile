# Guerdon's commands. Each does all the set-up it needs: Python 3.11 or newer, make and a package
# index are enough. The set-up is done again only when what it installs has changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip install -qq
PYTEST := $(BIN)/python -m pytest
# Two processes: most tests wait for a disk, a socket or a process of their own.
AT_ONCE ?= --numprocesses 2 --dist worksteal
LINT_IMPORTS := $(BIN)/lint-imports --no-logo

MADE := $(VENV)/.made
PACKAGE := $(VENV)/.package-installed
TESTING := $(VENV)/.test-tools-installed
BENCHING := $(VENV)/.bench-tools-installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

## Commands

run: $(PACKAGE) ## Start the demo: a tenant with sample data, served on http://127.0.0.1:8181
	@$(BIN)/guerdon demo

test: $(TESTING) ## Run the quick tests: the import rules, then everything not marked slow
	@$(LINT_IMPORTS)
	@$(PYTEST) $(AT_ONCE) -m "not slow"

test-slow: $(TESTING) ## Run the tests marked slow: crashes, power cuts, load
	@$(PYTEST) $(AT_ONCE) -m slow

check: $(TESTING) ## Check style, format, types, the import rules and the habits of the house
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(LINT_IMPORTS)
	@$(PYTEST) tests/tidy

bench: $(BENCHING) ## Measure: one row per figure, and build/bench.json
	@mkdir -p build
	@$(BIN)/python tests/bench/run.py

clean: ## Remove what these commands made, except the data folder
	rm -rf $(VENV) build dist .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run test test-slow check bench clean help

## Set-up

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Guerdon needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(PACKAGE): pyproject.toml | $(MADE)
	@echo "Installing Guerdon into $(VENV) ..."
	@$(PIP) --editable .
	@touch $@

$(TESTING): requirements/test.txt $(PACKAGE)
	@echo "Installing the test tools into $(VENV) ..."
	@$(PIP) --requirement requirements/test.txt
	@touch $@

$(BENCHING): requirements/bench.txt $(TESTING)
	@echo "Installing what the benchmarks compare with into $(VENV) ..."
	@$(PIP) --requirement requirements/bench.txt
	@touch $@
