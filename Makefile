# Two commands are enough on a fresh Debian or Raspberry Pi OS: `make demo` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help demo test check fmt lock bench faults soak mutate page picture pi clean
SHELL := /bin/sh

BIN := .venv/bin
UV = $(firstword $(wildcard $(BIN)/uv) $(shell command -v uv))
COMPILE = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras \
	--no-header --no-annotate pyproject.toml

help: ## This list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 16

demo: ## Broker, server and a simulated device; open the address it prints. LAN=1: for phones too. PORT=8080: another port
	@scripts/setup demo
	@exec $(BIN)/congtac demo $(if $(LAN),--lan) $(if $(PORT),--port $(PORT))

# Tests wait more than they compute, so there is a worker more than there are cores. A file stays with one worker: its tests share a system.
# Files are taken up in their order: the browser's long ones come early, and the server's many short ones fill the end.
test: check ## Everything that CI runs: check, then all tests. ARGS="tests/device -k lease": some of them
	@$(BIN)/python -m pytest $(or $(ARGS),-n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder)

check: ## Format, lint and types, changing nothing
	@scripts/setup test
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy

fmt: ## Format, and mend what the linter can mend
	@scripts/setup test
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## Lock the requirements anew, with hashes and without addresses (needs uv)
	@test -n "$(UV)" || { echo "make lock needs uv: python3 -m pip install uv" >&2; exit 1; }
	$(COMPILE) --extra device -o requirements/device.txt
	$(COMPILE) requirements/build.in --extra device --extra server -o requirements/demo.txt
	$(COMPILE) requirements/build.in --extra dev -o requirements/dev.txt

bench: ## How fast, beside the raw broker in the same run
	@scripts/setup test
	@$(BIN)/python -m bench $(ARGS)

faults: ## The long run of kills and cuts: SEEDS=1,2,3 MINUTES=30
	@scripts/setup test
	@$(BIN)/python -m tests.faults $(if $(SEEDS),--seeds $(SEEDS)) $(if $(MINUTES),--minutes $(MINUTES))

soak: ## A device through days of bad weather in its own quick time: HOURS=240
	@scripts/setup test
	@CONGTAC_SOAK_HOURS=$(or $(HOURS),240) $(BIN)/python -m pytest tests/soak $(ARGS)

mutate: ## Break the device's core on purpose, and see that a test notices. MOST=100 SEED=7: so many, chosen by the seed
	@scripts/setup test
	@$(BIN)/python -m tests.mutation $(if $(MOST),--most $(MOST)) $(if $(SEED),--seed $(SEED)) $(ARGS)

page: ## How soon the home page can be used on a slow phone over 4G
	@scripts/setup test
	@$(BIN)/python -m tests.end_to_end.usable

picture: ## Take the pictures in docs/screens anew, of every screen that is shown there
	@scripts/setup test
	@$(BIN)/python -m tests.end_to_end.screens.pictures

pi: ## The tests on an emulated Raspberry Pi
	@scripts/setup test
	@$(BIN)/python -m pytest tests/pi $(ARGS)

clean: ## Remove the environment and all caches; the demo's data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
