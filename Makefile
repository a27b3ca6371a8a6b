# Every target sets up what it needs in .venv; nothing else has to be installed but Python 3.11+ and make.
# `make help` lists the targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DEV    := $(VENV)/.ready-dev
ROOMS  := faults proto crypto ledger documents consensus contracts router node cli testnet
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test check lint types unit format proto docs storm chaos strace recovery lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: $(READY) ## three chains on this machine, and a real bill's journey through them (ARGS=--once ends by itself)
	@$(BIN)/yilian demo $(ARGS)

test: $(DEV) ## every test: lint, types, unit, property, contract, process and crash tests
	@$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest -n 2 --dist loadfile --every-clause tests $(ARGS)

check: $(DEV) ## under a minute, before each commit: format, lint, types, imports, tidy, unit
	@$(MAKE) --no-print-directory lint types unit

lint: $(DEV)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

types: $(DEV)
	$(BIN)/mypy $(ROOMS)

unit: $(DEV)
	$(BIN)/python -m pytest -n 3 -m "not slow and not processes" tests

format: $(DEV) ## put every file into the house's format
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --fix --quiet .

proto: $(DEV) ## generate proto/*_pb2* again from proto/*.proto
	PYTHON=$(BIN)/python proto/generate.sh

docs: $(DEV) ## make docs/contracts.md, reliability.md and signing/vectors.json again from code and tests
	$(BIN)/python -m tests.contracts.page.page
	$(BIN)/python -m tests.node.custodian.kinds_page
	$(BIN)/python -m tests.signing.make_vectors
	$(BIN)/python -m tests.simulation.report

SEEDS ?= 1000
FROM  ?= 0
storm: $(DEV) ## simulated consortia under seeded faults (SEEDS=n FROM=first seed; one line replays a failure)
	$(BIN)/python -m tests.simulation.storm --seeds $(SEEDS) --from $(FROM) --jobs 2 $(ARGS)

chaos: $(DEV) ## the kill matrix: every fail point of node and router, killed once during the journey
	$(BIN)/python -m testnet.chaos $(ARGS)

strace: $(DEV) ## a kill and errors at every write, fsync and rename of a validator's run (needs strace)
	$(BIN)/python -m tests.faults.strace_all $(ARGS)

recovery: $(DEV) ## what faults cost: a killed leader, one of four down, a healed partition
	$(BIN)/python -m testnet.faults $(ARGS)

lock: ## write requirements.lock anew from the newest releases the ranges in pyproject.toml allow
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet '.[dev]'
	build/lock/bin/pip freeze --exclude yilian | grep -v ' @ ' > requirements.lock

clean: ## remove everything that a target made
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=/path/to/python3 make ...)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --constraint requirements.lock --editable .
	@touch $@

$(DEV): $(READY)
	@$(BIN)/pip install --quiet --constraint requirements.lock --editable '.[dev]'
	@touch $@
