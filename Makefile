# Two commands for a newcomer: `make run` and `make test`. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= .data/demo
PORT ?= 8000
BROWSER ?= yes
# Two workers for two cores; a test session holds one PostgreSQL a worker.
TEST_WORKERS ?= 2

.PHONY: setup run test test-long check fix bench docs lock pages messages

# Compiled here, so that no start has to, whatever the environment says about writing bytecode.
setup: $(VENV)/.ready
	$(BIN)/python -m compileall -q policies catalog quality exchange portal -x node_modules

$(VENV)/.ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Weir needs Python 3.11 or newer; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# The few scripts of the pages, by npm from the pip-installed Node, hashes checked; and the
# compiled translations.
pages: setup
	$(BIN)/python -m portal.frontend.install
	$(BIN)/python -m portal.languages

run: pages
	$(BIN)/weir demo --data $(DATA) --serve --port $(PORT)

test: pages
	BROWSER=$(BROWSER) $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder -m "not long"

test-long: pages
	BROWSER=$(BROWSER) WEIR_TEST_COUNTS=long $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder --timeout 3600

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m portal.check_translations

fix: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: pages
	$(BIN)/python bench/spine.py
	$(BIN)/python bench/catalogue.py
	$(BIN)/python bench/data_plane.py
	$(BIN)/python bench/exchange.py

# The documentation is Markdown; this checks that its links and commands exist.
docs: setup
	$(BIN)/python -m pytest -q tests/test_docs.py

# Needs uv. Hashes, no addresses; one lock for every Python from 3.11 on.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --group dev pyproject.toml --output-file requirements.lock
