# SPDX-License-Identifier: GPL-2.0
#
# The front door. Logic lives in scripts; each room of the tree describes what
# it builds in its own build.mk, included below when it is there.
#
# What a build.mk may use:
#   $(BUILD)          output directory (build/); nothing is built in the tree
#   $(BUILD)/%.o      object of %.c (all userspace is -fPIC)
#   $(BUILD)/asan/%.o the same with ASan and UBSan, for the unit tests
#   $(BUILD)/fuzz/%.o the same again for the fuzzer, with clang if there is one
#   $(call objs,SRCS), $(call asan_objs,SRCS), $(call fuzz_objs,SRCS)   their names
#   $(call pkg_cflags,NAMES), $(call pkg_libs,NAMES)   from pkg-config; use :=
#   $(call link,LIBS), $(call link_asan,LIBS), $(call link_so,LIBS)   recipes
#   per-target CPPFLAGS: $(FOO_OBJS): CPPFLAGS += -Iagent/lib $(FOO_PKG)
#
# What a build.mk sets:
#   LIB_TARGETS, AGENT_TARGETS, TOOL_TARGETS += files that `make lib`,
#                     `make agent` and `make tools` build: programs go to
#                     $(BUILD)/bin/, libraries to $(BUILD)/lib/, database
#                     drivers to $(BUILD)/lib/dragonflow/NAME.so
#   UNIT_TARGETS +=   $(BUILD)/unit/test_NAME, each a cmocka program
#   FUZZ_TARGETS +=   $(BUILD)/fuzz/fuzz_NAME; see selftests/fuzz/build.mk
#   SRCS +=           every .c of the room (header dependencies are tracked)
#   INSTALL +=        MODE:FILE:DESTINATION, e.g.
#                     755:$(BUILD)/bin/dfctl:$(bindir)/dfctl
#                     link:libdragonflow.so.0:$(libdir)/libdragonflow.so
#
# Example:
#   DFCTL_SRCS := $(wildcard tools/dfctl/*.c)
#   $(BUILD)/bin/dfctl: $(call objs,$(DFCTL_SRCS)) $(BUILD)/lib/libdragonflow.so
#   	$(call link,-ldragonflow)
#   TOOL_TARGETS += $(BUILD)/bin/dfctl
#   SRCS += $(DFCTL_SRCS)
#   INSTALL += 755:$(BUILD)/bin/dfctl:$(bindir)/dfctl

MAKEFLAGS += -rR --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:

# "make demo SHELL=1" is a question to the demo, not a choice of shell.
WANT_SHELL := $(if $(filter command,$(firstword $(origin SHELL))),$(SHELL))
override SHELL := /bin/bash

## Dragonflow: make [TARGET] [V=1] [KERNEL=...]
##   all            module for the running kernel, agent, tools (default)
##   modules        the module; KERNEL=6.1|6.12|newest|debug|kcsan|DIR for a
##                  VM's kernel
##   lib agent tools   a part of userspace, into build/
##   check          everything: linters, unit tests, selftests in the VM
##                  TEST=net/l2_local.sh one test, KERNEL=6.1 one kernel
##   soak           everything at once, and all fuzzers, in a VM, for HOURS=1 or
##                  SECONDS=N; KERNEL="6.1 debug"; SEED=N SOAK_ROUNDS=N repeats
##                  what a soak did
##   lint           linters only
##   coverage       which lines no test runs, into build/coverage/; fails if
##                  they are more than 15% of kmod/ or agent/lib/
##   bench          what a packet costs, beside the peers, in a VM; OUT=DIR,
##                  SCENARIOS="l2-local ..." SYSTEMS="dragonflow ..." KERNEL=6.1;
##                  tools/bench/run -h lists them
##   fuzz           the fuzz targets, into build/fuzz/
##   bench-control  what a change, a start and an outage cost, beside OVN, in a
##                  VM; OUT=DIR, PORTS="100 1000" SCENARIOS= SYSTEMS= DRIVER=
##                  KERNEL=; tools/bench/control/run -h lists them
##   pictures       of the documentation, anew from Documentation/*.dot
##   demo           a small cloud in a VM; SHELL=1 leaves you inside it
##   vm-shell       a shell in the VM, the module ready to be loaded
##   install        to PREFIX (/usr/local), below DESTDIR; uninstall
##   dkms-install   the module's source for DKMS, and build it
##   deps           install what is needed from Debian
##   clean          remove build/

VERSION := 0.1.0
BUILD ?= build
V ?= 0
Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-8s %s\n' $(1) $(2))
export V BUILD VERSION

PREFIX ?= /usr/local
bindir ?= $(PREFIX)/bin
sbindir ?= $(PREFIX)/sbin
libdir ?= $(PREFIX)/lib
includedir ?= $(PREFIX)/include
datadir ?= $(PREFIX)/share
mandir ?= $(datadir)/man
pkgconfigdir ?= $(libdir)/pkgconfig
plugindir ?= $(libdir)/dragonflow
completiondir ?= $(datadir)/bash-completion/completions
sysconfdir ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
unitdir ?= $(if $(filter /usr,$(PREFIX)),/lib,$(if $(filter /usr/local,$(PREFIX)),/etc,$(PREFIX)/lib))/systemd/system

CC := gcc
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Werror
CFLAGS := -std=gnu11 -O2 -g $(WARNINGS) -fPIC -fvisibility=hidden
CPPFLAGS := -D_GNU_SOURCE -Iuapi -DDF_VERSION='"$(VERSION)"'
LDFLAGS := -L$(BUILD)/lib -Wl,--as-needed -Wl,-z,relro,-z,now
# Not optimized: each line is counted as it is written.
ifneq ($(COVERAGE),)
CFLAGS += --coverage -O0
LDFLAGS += --coverage
endif
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -O1

objs = $(patsubst %.c,$(BUILD)/%.o,$(1))
asan_objs = $(patsubst %.c,$(BUILD)/asan/%.o,$(1))
fuzz_objs = $(patsubst %.c,$(BUILD)/fuzz/%.o,$(1))
pkg_cflags = $(shell pkg-config --cflags $(1))
pkg_libs = $(shell pkg-config --libs $(1))

define link
$(call say,LINK,$@)
$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(1)
endef
define link_asan
$(call say,LINK,$@)
$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) $(ASAN) -o $@ $(filter %.o,$^) $(1)
endef
define link_so
$(call say,LINK,$@)
$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS) -shared -o $@ $(filter %.o,$^) $(1)
endef

.PHONY: all modules lib agent tools unit check soak lint coverage fuzz bench bench-control pictures demo install uninstall \
	dkms-install clean deps vm-shell help FORCE
all: modules agent tools

# These goals need nothing installed, or install it themselves.
ifneq ($(filter-out clean help deps uninstall,$(or $(MAKECMDGOALS),all)),)
include $(BUILD)/deps.mk
endif

# Not before what they ask pkg-config for is there: make starts over once
# deps.mk is made.
ifneq ($(wildcard $(BUILD)/deps.mk)$(filter uninstall,$(MAKECMDGOALS)),)
-include agent/lib/build.mk agent/build.mk tools/dfctl/build.mk tools/bench/build.mk
-include $(sort $(wildcard selftests/*/*.mk))
endif
-include $(foreach dir,. asan fuzz,$(addprefix $(BUILD)/$(dir)/,$(SRCS:.c=.d)))

# A change of compiler flags rebuilds what they compile.
FLAGS := $(CC) $(CFLAGS) $(CPPFLAGS)
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD) && echo '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
		echo '$(subst ','\'',$(FLAGS))' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/asan/%.o: %.c $(BUILD)/flags
	$(call say,CC,'$< (asan)')
	$(Q)mkdir -p $(@D) && $(CC) $(CPPFLAGS) $(CFLAGS) $(ASAN) -MMD -MP -c -o $@ $<

lib: $(LIB_TARGETS)
agent: lib $(AGENT_TARGETS)
tools: lib $(TOOL_TARGETS)
unit: $(UNIT_TARGETS)
fuzz: $(FUZZ_TARGETS)

# KERNEL=6.1|6.12|newest|debug|kcsan|DIRECTORY builds for a kernel of the test
# VM, KDIR for any other; without either, for the running kernel or the newest headers.
modules:
	$(Q)$(if $(KERNEL),for k in $(KERNEL); do tools/vm/module $$k || exit; done,tools/vm/module --kdir '$(KDIR)')

lint:
	$(Q)tools/lint/run

# KERNEL="6.1 newest" picks kernels, TEST=net/l2_local.sh one test.
check:
	$(Q)selftests/run.sh $(TEST)

bench:
	$(Q)tools/bench/run $(if $(OUT),-o '$(OUT)') $(if $(KERNEL),-k '$(KERNEL)') \
		$(if $(SCENARIOS),-s '$(SCENARIOS)') $(if $(SYSTEMS),-y '$(SYSTEMS)')

coverage:
	$(Q)selftests/coverage.sh $(TEST)

bench-control:
	$(Q)tools/bench/control/run $(if $(OUT),-o '$(OUT)') $(if $(KERNEL),-k '$(KERNEL)') \
		$(if $(SCENARIOS),-s '$(SCENARIOS)') $(if $(SYSTEMS),-y '$(SYSTEMS)') \
		$(if $(PORTS),-n '$(PORTS)') $(if $(DRIVER),-d '$(DRIVER)')

# The soak and the fuzzers share the time; the seed is printed.
soak:
	$(Q)env -u SECONDS HOURS='$(HOURS)' SOAK_SECONDS='$(or $(SOAK_SECONDS),$(SECONDS))' selftests/soak/run

PICTURES := $(patsubst %.dot,%.svg,$(wildcard Documentation/*.dot))
pictures: $(PICTURES)

Documentation/%.svg: Documentation/%.dot
	$(call say,DOT,$@)
	$(Q)dot -Tsvg -o $@ $<

demo:
	$(Q)WANT_SHELL='$(WANT_SHELL)' tools/demo/run

vm-shell: agent tools
	$(Q)tools/vm/shell $(firstword $(KERNEL))

deps:
	$(Q)tools/deps/install

$(BUILD)/deps.mk: tools/deps/packages
	$(Q)tools/deps/install && mkdir -p $(@D) && touch $@

install: agent tools
	$(Q)tools/install install $(INSTALL)

uninstall:
	$(Q)tools/install uninstall $(INSTALL)

dkms-install:
	$(Q)tools/dkms $(VERSION)

clean:
	$(Q)rm -rf $(BUILD)

help:
	@sed -n 's/^## //p' Makefile
