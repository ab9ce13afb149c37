# probectl: `make` builds build/probectl, `make help` lists the rest.
# CC, CFLAGS, CPPFLAGS, LDFLAGS, LDLIBS, PKG_CONFIG, PREFIX and DESTDIR are yours to set.

VERSION = 0.1.0

CC ?= cc
PKG_CONFIG ?= pkg-config
INSTALL ?= install
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
BUILD = build
# What is demonstrated, checked and installed.
PROBECTL = $(BUILD)/probectl
# One file or directory of tests, or several, and how many files at a time: most of what a test does is wait.
TESTS = tests
JOBS = 4
# Bats takes these for two and more only.
PARALLEL = $(if $(filter-out 1,$(JOBS)),--jobs $(JOBS) --no-parallelize-within-files)

LIBRARIES = libcurl libcjson libssl libcrypto
CFLAGS ?= -O2 -g
HARDENING = -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2
# CI=true makes every warning an error.
WERROR = $(if $(CI),-Werror)

ALL_CPPFLAGS = -D_GNU_SOURCE -DPROBECTL_VERSION='"$(VERSION)"' $(shell $(PKG_CONFIG) --cflags $(LIBRARIES)) $(CPPFLAGS)
ALL_CFLAGS = -std=c11 $(WARNINGS) $(WERROR) $(HARDENING) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)
ALL_LDLIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES)) -pthread $(LDLIBS)

SOURCES = $(filter-out src/tls_none.c,$(wildcard src/*.c))
OBJECTS = $(SOURCES:src/%.c=$(BUILD)/obj/%.o)

all: $(BUILD)/probectl ## build it (the default)

$(BUILD)/probectl: $(OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(OBJECTS) $(ALL_LDLIBS)

$(BUILD)/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d)

# Installs what is lacking, where that can be done. What comes after it runs in a make of its own, for this one may have
# looked for a compiler and pkg-config when there was none.
NEED = @CC='$(CC)' PKG_CONFIG='$(PKG_CONFIG)' .make/need.sh

demo: ## install what the build lacks, build, and show a probe of each verdict
	$(NEED) build demo
	@$(MAKE) --no-print-directory --question $(PROBECTL) 2>/dev/null || echo 'Building $(PROBECTL)'
	@$(MAKE) --no-print-directory --silent $(PROBECTL)
	@.make/demo.sh $(PROBECTL)

check: ## install what the tests lack, build and test (PROBECTL=path: test that one)
	$(NEED) build check
	@$(MAKE) --no-print-directory --question $(PROBECTL) 2>/dev/null || echo 'Building $(PROBECTL)'
	@$(MAKE) --no-print-directory --silent $(PROBECTL)
	PROBECTL=$(PROBECTL) bats $(PARALLEL) $(BATSFLAGS) $(TESTS)

# A finding must not pass for a verdict: no probe ends with 99.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
asan: ## the tests with address and undefined behaviour sanitizers
	ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1 $(MAKE) --no-print-directory check \
	    BUILD=$(BUILD)/asan HARDENING=-fPIE CFLAGS='-O1 -g $(SANITIZE)'

# TLS=none leaves OpenSSL out; STATIC_SUITE and STATIC_SOURCES choose what it is made of: see .make/static.sh.
static: ## one static binary: build/static/probectl, or with TLS=none build/static-notls/probectl
	@VERSION='$(VERSION)' BUILD='$(BUILD)' TLS='$(TLS)' .make/static.sh

$(BUILD)/static/probectl $(BUILD)/static-notls/probectl:
	@$(MAKE) --no-print-directory static TLS=$(if $(findstring notls,$@),none)

bench: ## the figures of README.md: time, instructions and memory beside other tools
	$(NEED) build bench
	@$(MAKE) --no-print-directory static
	@$(MAKE) --no-print-directory static TLS=none
	@tests/bench/bench.py $(BUILD)

fuzz: ## fuzz what reads a stranger's bytes (FUZZ_SECONDS=20 each)
	$(NEED) fuzz
	@tests/fuzz/run.sh $(or $(FUZZ_SECONDS),20)

memcheck: ## a probe of each kind and verdict under valgrind
	$(NEED) build check memcheck
	@$(MAKE) --no-print-directory --silent $(PROBECTL)
	@PROBECTL=$(PROBECTL) tests/memcheck

lint: ## formatters and linters over everything
	$(NEED) build lint
	@.make/lint.sh $(ALL_CPPFLAGS)

install: $(PROBECTL) ## the program, its manual page and its completions, below PREFIX
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(BASHCOMPDIR) \
	    $(DESTDIR)$(ZSHCOMPDIR) $(DESTDIR)$(FISHCOMPDIR)
	$(INSTALL) -m 755 $(PROBECTL) $(DESTDIR)$(BINDIR)/probectl
	$(INSTALL) -m 644 man/probectl.1 $(DESTDIR)$(MANDIR)/man1/probectl.1
	$(INSTALL) -m 644 completions/probectl.bash $(DESTDIR)$(BASHCOMPDIR)/probectl
	$(INSTALL) -m 644 completions/_probectl $(DESTDIR)$(ZSHCOMPDIR)/_probectl
	$(INSTALL) -m 644 completions/probectl.fish $(DESTDIR)$(FISHCOMPDIR)/probectl.fish

uninstall: ## what install put there
	rm -f $(DESTDIR)$(BINDIR)/probectl $(DESTDIR)$(MANDIR)/man1/probectl.1 $(DESTDIR)$(BASHCOMPDIR)/probectl \
	    $(DESTDIR)$(ZSHCOMPDIR)/_probectl $(DESTDIR)$(FISHCOMPDIR)/probectl.fish

clean: ## all that was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1 \2/p' Makefile | while read -r make target what; do \
	    printf '  %s %-10s %s\n' "$$make" "$$target" "$$what"; done

.PHONY: all demo check asan memcheck static bench fuzz lint install uninstall clean help
.DEFAULT_GOAL := all
