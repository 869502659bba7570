# Everything a person or CI does here. `make` alone lists it.
# Needs only make and python3 >= 3.11; uses uv where it is present, because it is faster.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --quiet

ifdef UV
  PIP := $(UV) pip install --quiet --python $(BIN)/python
else
  PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test lint format bench soak lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.dev ## make .venv with trimtab and all tools of its developers

demo: $(VENV)/.run ## take a simulated fund through one whole cycle (ARGS="--tape FILE")
	@$(BIN)/trimtab demo $(ARGS)

test: lint ## static checks and the whole suite, the same as CI (ARGS="-k drift")
	$(BIN)/pytest -n auto $(ARGS)

lint: $(VENV)/.dev ## static checks alone: ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## let ruff lay the code out and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## run every benchmark; each prints JSON lines
	@set -e; for script in $(filter-out bench/_% bench/calibrate_%,$(wildcard bench/*.py)); do $(BIN)/python $$script; done

soak: $(VENV)/.dev ## the long tests
	$(BIN)/pytest -m soak -n auto $(ARGS)

lock: ## resolve the dependencies again (needs uv; ARGS=--upgrade for newer ones)
	$(LOCK) $(ARGS) --extra data --extra exchange --extra sim --group build -o requirements/run.txt
	$(LOCK) $(ARGS) --extra data --extra exchange --extra fast --extra sim --group build --group dev -c requirements/run.txt --no-annotate -o requirements/dev.txt

clean: ## remove the environment and every cache
	rm -rf $(VENV) build dist src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trimtab needs Python 3.11 or newer; say which: make PYTHON=python3.12 ...")'
	@echo "making $(VENV)"
ifdef UV
	@$(UV) venv --quiet --python $(PYTHON) $(VENV)
else
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
endif

# The stamps make repeats instant: nothing is installed again until a lock changes.
$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "installing trimtab"
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "installing the developers' tools"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
