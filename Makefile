# Each recipe makes .venv itself, from Python 3.11, make and git alone; a second run finds it there.
SHELL := /bin/sh
.DELETE_ON_ERROR:

# Tests start the portal thousands of times: what is compiled is kept, whatever the shell is told.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
LOCKS := requirements-tool.lock requirements.lock pyproject.toml scripts/environment.sh
CODE := $(wildcard portal portal_verify migrations tests scripts benchmarks)

# The demonstration takes no development tools, and leaves them where they already are.
DEMO_ENVIRONMENT := $(if $(wildcard .venv/.development),.venv/.development,.venv/.runtime)

# The pages are built of all that git would know of them.
PAGES := frontend/dist/index.html
PAGE_SOURCES := $(shell find frontend scripts/build_pages.sh -type f -not -path '*/node_modules/*' -not -path 'frontend/dist/*' \
	-not -path 'frontend/src/graphql/*' -not -name '.build-lock')

.PHONY: help demo test check fix bench unit heavy mutants campaign faults web web-build screenshots

help: ## list the recipes
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 8

demo: $(DEMO_ENVIRONMENT) $(PAGES) ## serve a demonstration on this machine, with commands to try
	$(BIN)/portal demo

test: check unit heavy ## everything that CI runs: check, tests with coverage, heavy tests

web: $(DEMO_ENVIRONMENT) ## serve the pages as they are written, in front of a portal at PORTAL_SITE, or 127.0.0.1:8000
	scripts/build_pages.sh dev

web-build: $(DEMO_ENVIRONMENT) $(PAGES) ## build the pages that the portal serves

screenshots: .venv/.development $(PAGES) ## picture every page, both languages, both widths, into build/screenshots
	$(BIN)/python -m tests.browser.screenshots build/screenshots

unit: .venv/.development $(PAGES)
	scripts/build_pages.sh test
	$(BIN)/python -m slipcover --json --out coverage.json -m pytest -n auto -m "not heavy and not campaign"
	$(BIN)/python scripts/coverage_gate.py coverage.json

heavy: .venv/.development $(PAGES)
	$(BIN)/python -m pytest -n 3 -m heavy

campaign: .venv/.development ## measure what a crowd does to others, as ratios, on a machine with nothing else to do
	$(BIN)/python -m pytest -m campaign

mutants: .venv/.development ## plant every fault, of which `test` plants one in twenty, and see it noticed
	PORTAL_TEST_MUTANTS=all $(BIN)/python -m pytest -n auto -m heavy tests/mutants

faults: .venv/.development ## inject every fault and print what was seen; how often: PORTAL_TEST_FAULTS_KILLS, _CUTS, _EIO, _ENOSPC, _OTHERS
	$(BIN)/python -m tests.faults

check: .venv/.development ## format, lint, types, import contracts
	scripts/build_pages.sh check
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

fix: .venv/.development ## format the code and mend what the linter can mend
	scripts/build_pages.sh fix
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

bench: .venv/.development ## measure over HTTP against other servers, with ratios and targets; QUICK=1 in three minutes
	@mkdir -p build
	$(BIN)/python -m benchmarks http --json build/bench.json $(if $(filter-out 0,$(QUICK)),--quick)

# Not of the environment's stamp, which each new lock moves: packages of Node are the pages' own.
$(PAGES): $(PAGE_SOURCES) | $(DEMO_ENVIRONMENT)
	scripts/build_pages.sh

.venv/.runtime: $(LOCKS)
	@PYTHON="$(PYTHON)" scripts/environment.sh runtime

.venv/.development: $(LOCKS) requirements-dev.lock
	@PYTHON="$(PYTHON)" scripts/environment.sh development
