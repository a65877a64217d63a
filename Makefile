# Everything needs only Python 3.11 or later and make: the first target that runs sets up .venv from the lock files.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PORT ?= 8000
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test bench faults outage crash crash-full fuzz check schema assets audit test-browser lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready ## four outside systems and the gateway, with a first query to paste (PORT=8000 SEED=1)
	$(BIN)/retailgraph demo --port $(PORT) --seed $(SEED)

# Files are given out whole, because those that start the product start it once for all their tests.
test: .venv/ready-dev ## the whole test suite, on as many cores as there are, four at most
	$(BIN)/pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile

faults: .venv/ready-dev ## every system x fault x cache state against what the schema declares; writes build/faults.html
	$(BIN)/pytest -m faults tests/faults

outage: .venv/ready-dev ## load on several processes while systems and the shared cache fail; writes build/outage.md
	$(BIN)/pytest -m outage tests/outage

crash: .venv/ready-dev ## processes killed, systems and the database failing under orders and returns; writes build/crash.md
	$(BIN)/pytest -m crash tests/crash

crash-full: .venv/ready-dev ## the same with 2,000 orders and 500 returns on Postgres, and every kill on both databases
	CRASH_FULL=1 CRASH_ORDERS=2000 CRASH_RETURNS=500 $(BIN)/pytest -m crash tests/crash -k "not (chaos and sqlite)"

fuzz: .venv/ready-dev ## 100,000 random questions by random callers over one shared cache: nobody sees what is not theirs
	FUZZ_PAIRS=100000 $(BIN)/pytest -s tests/fuzz

bench: .venv/ready ## what answering, a request and size cost beside a constant answer; writes build/bench-*.json, .md and .svg
	@for bench in engine requests growth; do \
		$(BIN)/retailgraph bench $$bench --json build/bench-$$bench.json --markdown build/bench-$$bench.md \
			--svg build/bench-$$bench.svg || exit 1; \
	done

check: .venv/ready-dev ## style, types, floors, printed schema and contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/house

schema: .venv/ready ## print schema.graphql and the open role contracts again
	$(BIN)/retailgraph schema --write

assets: gateway/explorer/static/index.html ## GraphiQL for the explorer, built from npm (needs Node 20 or later)

gateway/explorer/static/index.html: $(wildcard gateway/explorer/graphiql/*.*)
	cd gateway/explorer/graphiql && npm ci --ignore-scripts --no-audit --no-fund && npm run build

test-browser: .venv/ready-dev assets ## the explorer in a real browser (needs Chromium, on the PATH or named in CHROMIUM)
	$(BIN)/pytest -m browser tests/gateway/test_explorer_browser.py

audit: .venv/ready-dev ## the GraphQL-over-HTTP audit suite against a running gateway (needs Node 20 or later)
	cd tests/audit && npm ci --ignore-scripts --no-audit --no-fund
	$(BIN)/python -m tests.audit

lock: .venv/ready-dev ## resolve the newest allowed versions into the lock files
	$(PIP) uv
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --no-header --no-annotate \
		--no-emit-index-url --upgrade -o .ci/requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --python-version 3.11 --no-header --no-annotate \
		--no-emit-index-url -c .ci/requirements.lock -o .ci/requirements-dev.lock

clean: ## remove .venv and caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/ready: .ci/requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) -r .ci/requirements.lock
	$(PIP) --no-deps --editable .
	@touch $@

.venv/ready-dev: .ci/requirements-dev.lock .venv/ready
	$(PIP) -r .ci/requirements-dev.lock
	@touch $@
