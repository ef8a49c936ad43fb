PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test coverage test-versions docs lint format clean

# Solves a problem of the paper, then a baseline for the same time.
run: $(VENV)/.installed
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/python -m keras_isgd compare helmholtz2d --optimizers isgd adam \
		--seconds 40 --out runs/helmholtz2d --overwrite

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

# All tests, and which lines and branches of the package they reached.
coverage: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet pytest-cov
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov=keras_isgd --cov-branch \
		--cov-report=term-missing:skip-covered

# All tests with the oldest supported versions and with the newest ones.
test-versions:
	for version in oldest newest; do \
		$(PYTHON) -m venv .venv-$$version && \
		.venv-$$version/bin/python -m pip install --quiet --upgrade pip && \
		.venv-$$version/bin/python -m pip install --quiet -e ".[test]" \
			-c tests/versions/$$version.txt && \
		.venv-$$version/bin/python -m pytest -n 2 --dist worksteal || exit 1; \
	done

# Writes docs/_build/html.
docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet -e ".[docs]"
	TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "Written to docs/_build/html/index.html"

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.installed: pyproject.toml setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[test]"
	touch $@

clean:
	rm -rf $(VENV) .venv-oldest .venv-newest docs/_build runs
