# ftkit. `make` lists the verbs; each sets up what it needs.
SHELL := /bin/bash
VENV ?= .venv
BIN := $(VENV)/bin
LABS := 00_start 10_pretraining 12_vorverstaendnis 20_prompting 22_retrieval 30_sft 34_distanciation 40_lora \
	50_reward_model 52_ppo 54_dpo 58_your_taste 66_r1 70_nlft 72_self_distillation 74_tutor
KERNELS := 6.17 6.31 7.1 newest
BUILD := .build
PACKAGES := -c "import sysconfig; print(sysconfig.get_path('purelib'))"

# The first Python that ftkit supports; name another with `make lab PYTHON=/path/to/python`.
PYTHON ?= $(shell for one in python3.11 python3.12 python3.13 python3 python; do \
	$$one -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$one && break; done)

.PHONY: help lab test test-browser test-colab test-kernels reference bench screenshots readme lint clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(VENV)/.installed ## set everything up and open JupyterLab at lab 00
	$(BIN)/ftkit lab

test: $(VENV)/.tested chromium ## set everything up and run all tests
	$(BIN)/python -m pytest $(PYTEST)

test-browser: $(VENV)/.tested chromium ## the clicks of a person in a real browser; prints how fast they are answered
	$(BIN)/python -m pytest tests/test_browser.py -rP $(PYTEST)

test-colab: $(VENV)-colab/.installed ## unit tests and lab 30 with the packages of Colab's image
	$(VENV)-colab/bin/python tools/colab.py report
	$(VENV)-colab/bin/python -m pytest --ignore tests/test_browser.py -m "not lab" $(PYTEST)
	$(VENV)-colab/bin/python tools/colab.py lab notebooks/30_sft.ipynb $(BUILD)/colab/30_sft.ipynb

test-kernels: $(KERNELS:%=$(VENV)-kernel-%/.installed) ## clicks on a panel in each version of ipykernel that the field meets
	@for one in $(KERNELS); do python=$(VENV)-kernel-$$one/bin/python; \
		$$python -c "import ipykernel; print('ipykernel', ipykernel.__version__, ipykernel.__file__)"; \
		JUPYTER_PATH=$(abspath $(VENV))/share/jupyter $$python -m pytest tests/test_bench_kernel.py $(PYTEST) || exit 1; done

reference: $(VENV)/.tested ## the labs on one core without 16-bit units, as on Binder; at most 240 s each
	@mkdir -p $(BUILD)/reference
	@for lab in $(LABS); do begin=$$SECONDS; \
		ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 FTKIT_MODE=headless timeout 240 taskset -c 0 \
		$(BIN)/papermill --no-progress-bar --cwd notebooks notebooks/$$lab.ipynb $(BUILD)/reference/$$lab.ipynb || exit 1; \
		echo "$$lab: $$((SECONDS - begin)) s of 240 s"; done

bench: $(VENV)/.installed ## our speed beside that of others, as ratios; BENCH="--avx2 --only g1 --seconds 60"
	$(BIN)/python -m benchmarks $(BENCH)

screenshots: $(VENV)/.tested chromium ## look at the labs in a real browser; pictures in .build/screenshots
	$(BIN)/python tests/screenshots.py $(BUILD)/screenshots

readme: $(VENV)/.tested ## write again what is derived: the README's table, the labs' Colab cell
	$(BIN)/python tools/derive.py

lint: $(VENV)/.tested ## style of the code; labs without outputs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb

clean: ## remove environments, caches and pictures; your runs stay
	rm -rf $(VENV) $(VENV)-colab $(VENV)-kernel-* $(BUILD) build dist .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: python chromium
python:
	@test -n "$(PYTHON)" || { echo "ftkit needs Python 3.11, 3.12 or 3.13: install one (Debian, Ubuntu: sudo apt install \
	python3 python3-venv; macOS: brew install python@3.13; else python.org), then repeat." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) comes without venv: sudo apt install \
	$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'), then repeat." >&2; exit 1; }

chromium: $(VENV)/.tested
	@command -v chromium chromium-browser google-chrome >/dev/null || $(BIN)/playwright install chromium || true

$(VENV)/.installed: pyproject.toml constraints.txt | python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/pip install -q -c constraints.txt -e '.[test]'
	@touch $@

$(VENV)-colab/.installed: pyproject.toml constraints-colab.txt tools/colab_cell.py | python
	$(PYTHON) -m venv --clear $(VENV)-colab
	$(VENV)-colab/bin/pip install -q $$(grep '^torch==' constraints.txt) -r constraints-colab.txt
	$(VENV)-colab/bin/python tools/colab.py bootstrap
	$(VENV)-colab/bin/pip install -q -c constraints-colab.txt jupyterlab pytest papermill nbval
	@touch $@

# The packages of $(VENV), with another ipykernel before them.
$(VENV)-kernel-%/.installed: $(VENV)/.tested
	$(BIN)/python -m venv --clear $(@D)
	echo "import site; site.addsitedir('$$($(BIN)/python $(PACKAGES))')" > $$($(@D)/bin/python $(PACKAGES))/packages.pth
	grep -v '^ipykernel==' constraints.txt > $(@D)/constraints.txt
	$(@D)/bin/python -m pip install -q -c $(@D)/constraints.txt -U $(if $(filter newest,$*),ipykernel,ipykernel==$*.*)
	@touch $@
