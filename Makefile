# The everyday commands. `make demo` and `make test` set up everything they need by themselves.
VENV ?= .venv
export VENV
BIN := $(VENV)/bin

.PHONY: help demo test test-slow check fix docs lock clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: ## run the main job from files to answers
	@scripts/setup core
	@scripts/demo

test: ## run the tests
	@scripts/setup dev
	@$(BIN)/python -m pytest -n 2

test-slow: ## run the tests that take minutes as well
	@scripts/setup dev
	@$(BIN)/python -m pytest -n 2 -m "not gpu"

check: ## lint, types, import contracts
	@scripts/setup dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/pyrefly check

fix: ## mend what can be mended by a tool
	@scripts/setup dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: ## build the documentation into site/
	@scripts/setup docs
	@$(BIN)/python scripts/reference.py
	@$(BIN)/zensical build

lock: ## renew constraints.txt from the newest versions that the ranges allow
	@scripts/lock

clean: ## remove what can be made again
	rm -rf $(VENV) site demo .pytest_cache .ruff_cache .import_linter_cache .hypothesis
