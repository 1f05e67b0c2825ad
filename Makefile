# Assay Studio. `make` alone tells what there is; `make run` starts the studio.

HOST = 127.0.0.1
PORT = 7860
PYTHON =
ARGS =

in_venv = .venv/bin/python

.DEFAULT_GOAL := help
.NOTPARALLEL:
# Set-up leaves compiling to the first use. What asks that nothing compiled be kept would have every process do it again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup run test dev browser check e2e pictures bench bench-data bench-size chaos load fuzz lock clean

help: ## what you can ask for
	@echo "Assay Studio: make TARGET [PORT=$(PORT)] [HOST=$(HOST)] [PYTHON=python3.12] [ARGS=…]"
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12

setup: ## prepare .venv (quick when nothing changed)
	@PYTHON='$(PYTHON)' scripts/setup.sh run

run: setup ## start the studio and print its address
	@$(in_venv) app.py --host $(HOST) --port $(PORT) $(ARGS)

dev: ## prepare .venv for checks and tests as well
	@PYTHON='$(PYTHON)' scripts/setup.sh dev

browser: ## prepare .venv for checks and tests, and see that there is a browser for them
	@PYTHON='$(PYTHON)' scripts/browser.sh

check: dev ## style, types, import rules and known flaws of what is installed (ARGS=--must fails where nobody can say)
	@$(in_venv) -m ruff check .
	@NODE_OPTIONS=--max-semi-space-size=128 $(in_venv) -m pyright  # its short-lived objects fit: a sixth less time
	@.venv/bin/lint-imports --no-logo
	@$(in_venv) scripts/audit.py $(ARGS)

test: browser ## everything that must hold: all tests, and what `check` checks as one of them
	@OMP_NUM_THREADS=1 $(in_venv) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

e2e: browser ## only the tests in a real browser
	@$(in_venv) -m pytest tests/e2e $(ARGS)

pictures: browser ## make the pictures of the README anew
	@STUDIO_PICTURES=docs/pictures $(in_venv) -m pytest tests/e2e/test_journey.py tests/e2e/test_faults.py -q

bench: dev ## measure speed and memory
	@$(in_venv) -m bench $(ARGS)

bench-data: dev ## measure how well the checks of a dataset find what was planted
	@$(in_venv) -m bench.accuracy $(ARGS)

bench-size: dev ## measure reading, checking and cancelling a large file (ARGS="--bytes 1000000000 --upload")
	@$(in_venv) -m bench.size $(ARGS)

chaos: dev ## kill, stop, lock and fill at random, and see that nothing is lost (ARGS="--minutes 10 --postgresql")
	@$(in_venv) -m tests.jobs.chaos $(ARGS)

load: browser ## many people, large files and floods at once, beside what is asked of the studio (ARGS="--soak 10")
	@$(in_venv) -m tests.load $(ARGS)

fuzz: dev ## feed readers and checkers with bytes that nobody thought of (ARGS="rows --seconds 300")
	@$(in_venv) -m pip install --quiet --disable-pip-version-check atheris==3.0.0
	@$(in_venv) -m tests.fuzz $(ARGS)

lock: ## write the locks anew from the newest versions that pyproject.toml allows
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && $(or $(PYTHON),python3) -m venv "$$fresh" && \
	  "$$fresh/bin/python" -m pip install --quiet '.[dev]' && "$$fresh/bin/python" scripts/lock.py

clean: ## remove .venv and every cache; workspaces/ stay
	@rm -rf .venv build test-results .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -not -path './workspaces/*' -prune -exec rm -rf {} +
