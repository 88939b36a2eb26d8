# What people type. `make` alone lists it all; everything happens in .venv, which `make setup` lays by the lock.

# The first Python that is new enough; `make PYTHON=/path/to/python3.12 …` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && echo $$p && break; \
	done 2>/dev/null)
VENV := .venv
BIN := $(VENV)/bin
LAY = $(or $(PYTHON),python3) deploy/environment.py
ROOMS := schemas producers streams api dashboards cli infra demo

.DEFAULT_GOAL := help
.PHONY: help demo up test fuzz check format bench race setup runtime lock generated clean

help: ## list what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: runtime ## crawl and watch a bundled shop through all engines (ONCE=1: end by itself, exit code 0 if all adds up)
	@$(BIN)/trawl demo $(if $(filter-out 0,$(ONCE)),--once) $(if $(SEED),--seed $(SEED))

up: runtime ## start the engines and all processes; Ctrl-C stops them
	@$(BIN)/trawl up

test: setup ## all tests: unit, contract, integration, acceptance, pages (ARGS=… goes to pytest)
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

fuzz: setup ## put every naughty string in every place, and play the gateway against its document (EXAMPLES=…, NAUGHTY=every)
	@TRAWL_TEST_EXAMPLES=$(or $(EXAMPLES),40) TRAWL_TEST_NAUGHTY=$(or $(NAUGHTY),all) $(BIN)/python -m pytest -p no:xdist --timeout 0 \
		tests/integration/api/test_naughty.py tests/integration/api/test_naughty_streams.py \
		tests/integration/api/test_contract.py $(ARGS)

check: setup ## format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy --strict
	@$(BIN)/lint-imports

format: setup ## bring the code into the house's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup ## measure pages/s, records/s, request to row, start time and memory on this machine
	@$(BIN)/python -m tests.bench $(ARGS)

race: setup ## crawl one shop with ours and with other crawlers in turn (PEERS=folder of theirs)
	@$(BIN)/python -m tests.bench.race $(or $(PEERS),$(error PEERS=folder: where site.py and the peers are)) $(ARGS)

setup: ## lay .venv with everything that tests and checks need
	@$(LAY) requirements-dev.lock $(VENV)

runtime:
	@$(LAY) requirements.lock $(VENV)

lock: setup ## resolve pyproject.toml anew into both locks: with hashes, without addresses
	@$(BIN)/uv pip compile $(COMPILE) --all-extras pyproject.toml -o requirements-dev.lock >/dev/null
	@echo hatchling | $(BIN)/uv pip compile $(COMPILE) -c requirements-dev.lock pyproject.toml - -o requirements.lock >/dev/null
COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

generated: setup ## write schemas/generated anew from the declarations
	@$(BIN)/python -m schemas.generate

clean: ## remove what was made here (never a data folder)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
