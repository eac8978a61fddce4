# What a person does with Pasted, one word each. A new machine needs the Swift toolchain; the rest is
# installed from Debian by the targets that need it.

.PHONY: run site release install uninstall deb image test test-swift test-js test-outside test-browser screenshots \
	conformance tls-audit upgrade metrics slow simulate sanitize bench bench-quick bench-build fuzz format docs packages

# What Tests/requirements.txt lists, for the tests alone.
VENV := build/venv
PYTHON := $(VENV)/bin/python
BINARY := .build/release/pasted
# Addresses of functions are settled and write-protected before the first byte from outside is read.
RELEASE := swift build -c release --product pasted -Xswiftc -static-stdlib -Xlinker -z -Xlinker now

run: release
	$(BINARY) serve --site build/site

# The program with the Swift runtime in it, and the page.
release: packages site
	$(RELEASE)

# The page as it is served: Public with its modules in a few files (what it takes to be live; what a person can do; what only
# some networks need), without comments and indentation. It runs from Public, too.
site:
	@.ci/packages esbuild
	rm -rf build/site && mkdir -p build && cp -R Public build/site && rm -r build/site/js
	esbuild Public/js/main.js --bundle --splitting --minify --format=esm --target=es2022 --log-level=warning --external:./frame.js \
		--chunk-names=[name] --outdir=build/site/js
	esbuild Public/js/frame.js --bundle --minify --format=esm --target=es2022 --log-level=warning --outdir=build/site/js
	esbuild Public/sw.js --minify --target=es2022 --log-level=warning --allow-overwrite --outfile=build/site/sw.js
	esbuild Public/style.css Public/acts.css Public/plain.css --minify --target=es2022 --log-level=warning --allow-overwrite --outdir=build/site
	sed -e 's/^ *//' -e '/^$$/d' -e 's|^<script.*/main.js.*|&<link rel="modulepreload" href="/js/chunk.js">|' Public/index.html \
		| sed -z 's/>\n</></g' > build/site/index.html
	@cd build/site && cat index.html style.css js/frame.js js/main.js js/chunk.js | wc -c | sed 's/$$/ bytes before a first visit is live/'
	@cd build/site && cat *.html *.css js/*.js | wc -c | sed 's/$$/ bytes of page, style and script in all/'

# Below PREFIX (/usr/local) and SYSCONFDIR (/etc), in DESTDIR if there is one; what else can be said: packaging/install.
install uninstall:
	BINARY=$(BINARY) SITE=$(or $(wildcard build/site),Public) PREFIX=$(PREFIX) SYSCONFDIR=$(SYSCONFDIR) \
		DESTDIR=$(DESTDIR) packaging/install $@

# build/deb/pasted_*.deb, and one with its symbols.
deb: release
	@.ci/packages debhelper dpkg-dev lintian python3
	BINARY=$(BINARY) packaging/deb

# A container image, with Docker or Podman.
ENGINE ?= docker
image:
	$(ENGINE) build --file packaging/Dockerfile --tag pasted .

test: test-swift test-js test-outside test-browser

test-swift: packages
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks
	swift build --build-tests
	swift test --skip-build

test-js: packages
	swift build --product SimulatedServer
	@if command -v node >/dev/null; then node --test Tests/js/*.test.mjs; \
	else echo "Node is not here: the JavaScript modules are tested in the browser only."; fi

test-outside: packages $(VENV)/.made
	@.ci/packages curl fish man-db openssl shellcheck zsh
	swift build --product pasted
	$(PYTHON) -m unittest discover --start-directory Tests/protocol
	$(PYTHON) -m unittest discover --start-directory Benchmarks/Tests --pattern "*_tests.py"
	$(PYTHON) Tests/outsider/outsider_tests.py
	$(PYTHON) Tests/outsider/tls_tests.py
	$(PYTHON) Tests/outsider/tls_floods.py
	$(PYTHON) Tests/outsider/cli_tests.py
	$(PYTHON) Tests/outsider/example_tests.py
	$(PYTHON) Tests/outsider/protocol_tests.py
	$(PYTHON) Tests/outsider/openapi_tests.py
	$(PYTHON) Tests/outsider/install_tests.py
	$(PYTHON) Tests/outsider/http_tests.py
	$(PYTHON) Tests/outsider/stream_tests.py
	$(PYTHON) Tests/outsider/api_tests.py
	$(PYTHON) Tests/outsider/attackers.py
	$(PYTHON) Tests/outsider/kill_rounds.py 20
	$(PYTHON) Tests/outsider/operator_tests.py
	$(PYTHON) Tests/outsider/privacy_tests.py
	$(PYTHON) Tests/outsider/upgrade.py 1

test-browser: packages site $(VENV)/.made
	@.ci/packages chromium fonts-noto-color-emoji
	swift build --product pasted
	PASTED_SITE=build/site $(PYTHON) Tests/browser/run.py
	$(PYTHON) Tests/browser/run.py test_page

# The documentation's pictures of the page, from the page as it is.
screenshots: packages site $(VENV)/.made
	@.ci/packages chromium fonts-noto-color-emoji pngquant
	swift build --product pasted
	PASTED_SITE=build/site $(PYTHON) Tests/browser/screenshots.py

# What testssl.sh and sslyze say of the server, on both kinds of key and both profiles: about four minutes.
tls-audit: packages
	@.ci/packages testssl.sh openssl python3-venv
	swift build --product pasted
	test -x build/audit/bin/sslyze || python3 -m venv build/audit
	build/audit/bin/pip install --quiet --disable-pip-version-check --requirement Tests/outsider/audit-requirements.txt
	build/audit/bin/python Tests/outsider/tls_audit.py
# Slow and silent peers, a thousand at a time: what they cost, and whether somebody else is served meanwhile.
slow: packages $(VENV)/.made
	@.ci/packages slowhttptest
	$(RELEASE)
	PASTED_BIN=$(BINARY) $(PYTHON) Tests/outsider/slow.py
# The Autobahn test suite: an hour on a busy machine. CASES="1.* 6.*" and ROLE (server, server-tls, client) narrow it.
conformance: packages
	swift build -c release --product ConformanceEcho
	nice -n 10 python3 Tests/Conformance/run.py $(ROLE) $(CASES)

# Worlds that nobody has seen; a failure prints its seed.
simulate: packages
	SIMULATION_RUNS=$${RUNS:-1000} swift test --filter SimulationTests
	swift build -c release --product SimulatedServer
	RUNS=$${RUNS:-10000} node --test Tests/js/live-simulation.test.mjs Tests/js/session-simulation.test.mjs
	SIMULATED_SERVER=.build/release/SimulatedServer RUNS=$${RUNS:-20000} node --test Tests/js/joint-simulation.test.mjs

# What has threads under the thread sanitizer, and everything that runs under the address sanitizer.
sanitize: packages
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/tsan.supp swift test --sanitize=thread --scratch-path build/thread \
		--filter 'ReactorTests|TLSTests|PasteServerTests|StoreTests|VisitorsTests|PasteClientTests'
	ASAN_OPTIONS=detect_leaks=0 swift test --sanitize=address --scratch-path build/address --skip ArchitectureTests

# Writes Benchmarks/RESULTS.md and docs/benchmarks/*.svg: some 15 minutes on a machine that does nothing else, besides the
# build. `bench-quick` looks in two minutes whether it all works, and writes into build/.
bench: bench-build
	swift package --package-path Benchmarks benchmark run --format markdown --no-progress > build/parts.md
	PASTED_BIN=$(BINARY) python3 Benchmarks/suite.py --micro build/parts.md

bench-quick: bench-build
	swift test --package-path Benchmarks
	PASTED_BIN=$(BINARY) python3 Benchmarks/suite.py --quick --repetitions 1 --json build/quick.jsonl --into build/quick
	PASTED_BIN=$(BINARY) python3 Benchmarks/stream.py 5 2.5

bench-build: packages
	$(RELEASE)
	swift build -c release --package-path Benchmarks
	mkdir -p build

# Each target for SECONDS_EACH seconds, 60 unless said otherwise.
fuzz: packages
	Tests/Fuzz/run

# Upgrades under 500 appends a second, many of them: what they lost, whom they refused, how long who was away.
upgrade: packages $(VENV)/.made
	$(RELEASE)
	PASTED_BIN=$(BINARY) $(PYTHON) Tests/outsider/upgrade.py 10

# What Prometheus' own tool says of the metrics. Its package starts a server: not on a machine where that would be in the way.
metrics: packages $(VENV)/.made
	@.ci/packages prometheus
	swift build --product pasted
	$(PYTHON) Tests/outsider/operator_tests.py Metrics

format:
	swift format --in-place --recursive Package.swift Sources Tests Benchmarks

# The public declarations of every target with their documentation, as symbol graphs for DocC.
docs: packages
	swift package dump-symbol-graph --minimum-access-level public --skip-synthesized-members

packages:
	@.ci/packages libssl-dev zlib1g-dev libsqlite3-dev libqrencode-dev

$(VENV)/.made: Tests/requirements.txt
	@.ci/packages python3-venv
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement Tests/requirements.txt
	touch $@
