# Heddle: `make demo` builds everything on real data, `make test` tests it. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# compiled once here: where Python may not write bytecode, every start would compile a thousand modules
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
UV_VERSION := 0.13.8
.DEFAULT_GOAL := help
.PHONY: help demo up servers test test-all lint bench accuracy install install-all install-deep clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Heddle needs Python 3.11; name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "install python3-venv (apt-get install python3.11-venv) and run again"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.%: requirements/%.txt pyproject.toml $(VENV)/.uv
	@echo "Installing the locked $* set into $(VENV) …"
	@$(UV) -r requirements/$*.txt
	@$(UV) --no-deps --editable .
	@requirements/openmp.sh
	@touch $@

install: $(VENV)/.core ## the core environment: no torch, Ray or Paddle

install-all: $(VENV)/.all ## every optional set but torch: Ray, OCR, Kubernetes, privacy, development

install-%: $(VENV)/.% ## one optional set: install-ray, install-ocr, install-k8s, install-privacy, install-dev
	@true

servers: # what tests start for themselves; quick where it is there
	@requirements/system.sh

install-deep: $(VENV)/.uv ## torch, with the build that your pip settings choose
	@$(BIN)/python -m pip install torch==2.13.0

demo: $(VENV)/.core ## build the whole graph on a year of real retail data and show what came out
	@$(BIN)/heddle demo

up: $(VENV)/.core ## web UI, daemon, endpoint server and MLflow UI until Ctrl-C
	@$(BIN)/heddle up

test: $(VENV)/.dev servers ## the tests that need minutes, not hours
	@$(BIN)/pytest -n 2 --dist loadfile -m "not slow and not browser"

test-all: $(VENV)/.dev servers ## all tests, with real clients and a real browser
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -qq -y chromium; }
	@$(BIN)/pytest

lint: $(VENV)/.dev ## format check, lint and types
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && \
	  $(BIN)/mypy core resources assets sensors job_templates serving orchestration

bench: $(VENV)/.dev ## the benchmarks beside their peers (docs/benchmarks.md)
	@for b in benchmarks/[a-z]*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done
	@echo "== benchmarks.catalog.lineage"; $(BIN)/python -m benchmarks.catalog.lineage
	@echo "== benchmarks.catalog.features"; $(BIN)/python -m benchmarks.catalog.features
	@for b in throughput steps; do echo "== benchmarks.kettle.$$b"; $(BIN)/python -m benchmarks.kettle.$$b || exit 1; done

accuracy: $(VENV)/.dev ## figures against ground truth; needs HEDDLE_BENCH_DATA, the folder of public data sets
	@$(BIN)/python -m benchmarks.accuracy.kettle
	@$(BIN)/python -m benchmarks.accuracy.column_lineage

clean: ## remove what was built (.heddle); the environment stays
	@rm -rf .heddle
