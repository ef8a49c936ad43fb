PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := pytest -n 2 --dist worksteal
# The Pythons of `make test-pythons`; those that are not installed are left out.
PYTHONS ?= 3.11 3.12 3.13

.DEFAULT_GOAL := help
.PHONY: help setup run test coverage test-versions test-pythons wheel-test results-quick docs \
	gallery lint format clean

help:  ## Lists these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | \
		while IFS='|' read -r name text; do printf '  make %-14s %s\n' "$$name" "$$text"; done

setup: $(VENV)/.installed  ## Makes .venv with all that developing needs

run: $(VENV)/.installed  ## Solves a problem of the paper, then a baseline for the same time
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m keras_isgd compare helmholtz2d --optimizers isgd adam \
		--seconds 40 --out runs/helmholtz2d --overwrite

test: lint  ## Lint and all tests
	$(BIN)/python -m $(PYTEST)

coverage: $(VENV)/.installed  ## All tests, and which lines and branches they reached
	$(BIN)/python -m pip install --quiet pytest-cov
	$(BIN)/python -m $(PYTEST) --cov=keras_isgd --cov-branch \
		--cov-report=term-missing:skip-covered

test-versions:  ## All tests with the oldest supported versions, and with the newest ones
	for version in oldest newest; do \
		$(PYTHON) -m venv .venv-$$version && \
		.venv-$$version/bin/python -m pip install --quiet --upgrade pip && \
		.venv-$$version/bin/python -m pip install --quiet -e ".[test]" \
			-c tests/versions/$$version.txt && \
		.venv-$$version/bin/python -m $(PYTEST) || exit 1; \
	done

test-pythons:  ## All tests under each of Python 3.11, 3.12 and 3.13 that is installed
	for version in $(PYTHONS); do \
		python=python$$version; \
		$$python -c "" 2>/dev/null || python=$$(ls -d \
			"$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/$$python 2>/dev/null | tail -1); \
		[ -n "$$python" ] || { echo "Python $$version is not installed: left out."; continue; }; \
		echo "Python $$version: $$python" && \
		$$python -m venv .venv-python$$version && \
		.venv-python$$version/bin/python -m pip install --quiet --upgrade pip && \
		.venv-python$$version/bin/python -m pip install --quiet -e ".[test]" && \
		.venv-python$$version/bin/python -m $(PYTEST) || exit 1; \
	done

wheel-test: $(VENV)/.installed  ## Solves a problem from a wheel alone, in an empty environment
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python tests/wheel/try_wheel.py

results-quick: $(VENV)/.installed  ## The README's table of errors, from scratch: six minutes
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python benchmarks/cases.py --seeds 0 \
		--cases l_shape robin two_materials fokker_planck lorenz lotka_volterra

docs: $(VENV)/.installed  ## Writes docs/_build/html
	$(BIN)/python -m pip install --quiet -e ".[docs]"
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "Written to docs/_build/html/index.html"

gallery: export GALLERY = 1
gallery: docs  ## The documentation with every page of its gallery run: a quarter of an hour

lint: $(VENV)/.installed  ## Style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed  ## Mends style and format where that is mechanical
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.installed: pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[test]"
	touch $@

clean:  ## Removes environments, builds and runs
	rm -rf $(VENV) .venv-* build dist *.egg-info docs/_build runs
