PYTHON ?= python3
PORT ?= 8501

VENV := .venv
BIN := $(VENV)/bin
# Stamps: requirements are installed again only when they change.
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
FRAMEWORKS := $(VENV)/.installed-frameworks
WEB := node_modules/.installed
# npm and what it starts must find the Node of the virtual environment.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm

# What `make test` leaves to `make test ALL=1`.
SHORT := $(if $(ALL),, and not long)

.PHONY: help run test lint site breaks bench load lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

# The address is set in .streamlit/config.toml. Streamlit opens the browser itself where there is
# a display; CI may have one too, but nobody is looking at it.
run: $(RUN) ## Start the app on this machine and open it in the browser (PORT=8501)
	$(BIN)/streamlit run app.py --server.port $(PORT) $(if $(CI),--server.headless true)

# A browser is given a second try: under load it may miss what it was to see. What passes only
# then is named in the end.
test: $(DEV) $(if $(ALL),$(FRAMEWORKS)) ## Lint and tests; gets Chromium; ALL=1: long ones, nginx, other libraries
	@$(BIN)/python tests/get_browser.py
	@$(if $(ALL),$(BIN)/python tests/get_nginx.py,true)
	@$(MAKE) --no-print-directory lint
	$(NPM) test --silent
	$(BIN)/pytest -m "not browser$(SHORT)" -n 2 --dist worksteal
	$(BIN)/pytest -m "browser$(SHORT)" -n 2 --dist loadfile --reruns 1 -rR

lint: $(DEV) $(WEB) ## Check style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(NPM) run lint --silent

site: $(RUN) ## Write home, tour and chapters as a site of files, into site/
	$(BIN)/python -m explainer site site

breaks: $(DEV) $(WEB) ## Break the code on purpose, and see that tests notice
	$(BIN)/python tests/breaks.py

bench: $(DEV) ## Run the benchmarks
	$(BIN)/python -m benchmarks

load: $(DEV) ## Run the load tests at full length (an hour), and print what they measured
	LOAD=long $(BIN)/pytest tests/load

lock: $(DEV) ## Write versions and hashes anew after a change of requirements*.txt
	$(BIN)/uv pip compile -q requirements.txt -o requirements-lock.txt
	$(BIN)/uv pip compile -q -c requirements-lock.txt requirements-dev.txt -o requirements-dev-lock.txt
	$(BIN)/uv pip compile -q -c requirements-dev-lock.txt requirements-frameworks.txt \
	  -o requirements-frameworks-lock.txt

clean: ## Remove the virtual environment and all caches
	rm -rf $(VENV) node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# First everything whose hash is known, then what is left: torch, see requirements.txt.
$(RUN): requirements.txt requirements-lock.txt | $(BIN)/pip
	$(BIN)/python -m pip install --no-deps --require-hashes -r requirements-lock.txt
	$(BIN)/python -m pip install -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt requirements-dev-lock.txt $(RUN)
	$(BIN)/python -m pip install --no-deps --require-hashes -r requirements-dev-lock.txt
	@$(BIN)/python -m pip check
	@touch $@

$(FRAMEWORKS): requirements-frameworks.txt requirements-frameworks-lock.txt $(DEV)
	$(BIN)/python -m pip install --no-deps --require-hashes -r requirements-frameworks-lock.txt
	@$(BIN)/python -m pip check
	@touch $@

$(WEB): package-lock.json $(DEV)
	$(NPM) ci --silent
	@touch $@

# pip is the last thing venv installs, so its presence means a complete environment; --clear
# starts over after an interrupted attempt.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "GRU Explainer needs Python 3.11 or newer, but '$(PYTHON) --version' says:" \
	    "$$($(PYTHON) --version 2>&1). Name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments, since it lacks ensurepip." \
	    "On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
