# Two commands on a fresh machine: make demo, make test.
# PYTHON names another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
WORKERS ?= 2
SCRATCH := 4000000
SUPPRESS := --quiet --no-input --disable-pip-version-check
export PIP_NO_INPUT = 1

.PHONY: help demo test check browser-test bench chaos format docs frontend clean

help:
	@echo 'make demo          the sandbox, the bridge and signed samples; ARGS="--once" ends by itself'
	@echo 'make test          every test that needs no browser'
	@echo 'make check         format, lint, types'
	@echo 'make browser-test  the tests that drive a browser'
	@echo 'make bench         the measurements, as a table'
	@echo 'make chaos         kills, lost answers, full disks; SEED=7 runs one again'
	@echo 'make format        rewrite the files as make check wants them'
	@echo 'make frontend      bundle what the pages load anew; needs Node'
	@echo 'make docs          generate the pages of docs/ that come from the program anew'

demo: $(VENV)/.installed
	@exec $(BIN)/bridge demo $(ARGS)

test: $(VENV)/.installed-development
	@TMPDIR=$$(sh .ci/scratch $(SCRATCH)) $(BIN)/python -m pytest -n $(WORKERS) -m "not browser and not bench" $(ARGS)

check: $(VENV)/.installed-development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

browser-test: $(VENV)/.installed-development
	@TMPDIR=$$(sh .ci/scratch $(SCRATCH)) sh .ci/browser-test $(BIN) $(ARGS)

bench: $(VENV)/.installed-development
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: $(VENV)/.installed-development
	@$(BIN)/python -m tests.chaos --seed $(or $(SEED),0) $(ARGS)

format: $(VENV)/.installed-development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.installed-development
	@$(BIN)/python -m tests.generate_docs

frontend:
	@cd frontend && npm ci --no-audit --no-fund --silent && node build.mjs

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# A stamp is written last, so an installation that was cut short is done again.
$(VENV)/.installed: requirements.lock .ci/make-venv
	@PYTHON="$(PYTHON)" sh .ci/make-venv $(VENV)
	@echo "Installing what requirements.lock names; this takes a minute the first time." >&2
	@$(BIN)/python -m pip install $(SUPPRESS) --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-development: requirements-dev.lock .ci/make-venv
	@PYTHON="$(PYTHON)" sh .ci/make-venv $(VENV)
	@echo "Installing what requirements-dev.lock names; this takes some minutes the first time." >&2
	@$(BIN)/python -m pip install $(SUPPRESS) --require-hashes -r requirements-dev.lock
	@touch $(VENV)/.installed $@
