# `make reproduce` and `make test` need only make and Python 3.11 or newer; each does its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= results
SAMPLES ?= ../shared/samples

.PHONY: reproduce test check bench docs sample-table fuzz format lock clean

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

reproduce: $(VENV)/.installed
	$(BIN)/natrode reproduce --out $(OUT) --force

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

$(VENV)/.docs: requirements/docs.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	touch $@

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

# The page about the real sample files, where they are at hand.
sample-table: $(VENV)/.installed
	$(BIN)/python docs/_ext/sample_files.py $(SAMPLES) docs/sample-files.md

fuzz: $(VENV)/.installed
	$(BIN)/python -m tests.fuzz.instruments --count 10000 --seed 1

# Renew the locked versions (needs uv); the locks hold for every Python from 3.11 on.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --extra dev --extra cell pyproject.toml requirements/build.in -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	    --extra dev --extra cell --extra docs pyproject.toml requirements/build.in -c requirements/dev.txt -o requirements/docs.txt

clean:
	rm -rf $(VENV) results docs/_build docs/generated
