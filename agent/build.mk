# SPDX-License-Identifier: GPL-2.0
# The agent. What is listed as pure neither talks nor waits nor looks at the
# clock, and is tested on the build machine.

AGENT_PURE := $(addprefix agent/,addrs.c app/advert.c config.c ids.c log.c map.c \
	known.c pairs.c plan.c release.c resolve.c state.c uuid.c value.c view.c) $(wildcard agent/compile/*.c)
AGENT_SRCS := $(wildcard agent/*.c agent/app/*.c agent/compile/*.c)
AGENT_PKGS := libevent_core libmnl libnl-3.0 jansson
UNIT_AGENT := advert aging cache compile compile_policy compile_router config pairs plan ra resolve view
UNIT_AGENT_SRCS := $(UNIT_AGENT:%=selftests/unit/test_%.c)

AGENT_CFLAGS := $(call pkg_cflags,$(AGENT_PKGS))
AGENT_LIBS := $(call pkg_libs,$(AGENT_PKGS)) -pthread

$(call objs,$(AGENT_SRCS)): CPPFLAGS += -Iagent -Iagent/lib $(AGENT_CFLAGS)
$(call asan_objs,$(AGENT_PURE) agent/aging.c agent/app/ra.c agent/cache.c agent/cache_file.c $(UNIT_AGENT_SRCS)): CPPFLAGS += -Iagent -Iagent/lib

$(BUILD)/bin/dragonflowd: $(call objs,$(AGENT_SRCS)) $(BUILD)/lib/libdragonflow.so
	$(call link,-ldragonflow $(AGENT_LIBS))

$(UNIT_AGENT:%=$(BUILD)/unit/test_%): $(BUILD)/unit/test_%: \
		$(BUILD)/asan/selftests/unit/test_%.o \
		$(call asan_objs,$(AGENT_PURE)) $(BUILD)/lib/libdragonflow.so
	$(call link_asan,-ldragonflow -lcmocka $(UNIT_LIBS))

# With files and a thread of its own.
$(BUILD)/unit/test_cache: $(call asan_objs,agent/cache.c agent/cache_file.c)
$(BUILD)/unit/test_cache: UNIT_LIBS := $(call pkg_libs,libevent_core) -pthread

# Their timers and their clock are the tests'.
$(BUILD)/unit/test_aging: $(call asan_objs,agent/aging.c)
$(BUILD)/unit/test_ra: $(call asan_objs,agent/app/ra.c)

AGENT_TARGETS += $(BUILD)/bin/dragonflowd
UNIT_TARGETS += $(UNIT_AGENT:%=$(BUILD)/unit/test_%)
SRCS += $(AGENT_SRCS) $(UNIT_AGENT_SRCS)
INSTALL += 755:$(BUILD)/bin/dragonflowd:$(sbindir)/dragonflowd

# A helper of selftests/agent.
$(BUILD)/selftests/udpflow: $(call objs,selftests/agent/udpflow.c)
	$(call link,)
AGENT_TARGETS += $(BUILD)/selftests/udpflow
SRCS += selftests/agent/udpflow.c

# A driver for tests: databases that go away.
FLAKY := $(BUILD)/selftests/drivers/flaky.so
$(call objs,selftests/agent/flaky.c): CPPFLAGS += -Iagent/lib $(DF_LIB_PKG)
$(FLAKY): $(call objs,selftests/agent/flaky.c) $(DF_LIB_SO)
	$(call link_so,-ldragonflow $(DF_LIB_LIBS))
AGENT_TARGETS += $(FLAKY)
SRCS += selftests/agent/flaky.c

$(BUILD)/dragonflowd.service: agent/dragonflowd.service
	$(Q)mkdir -p $(@D) && sed 's|@sbindir@|$(sbindir)|' $< >$@
AGENT_TARGETS += $(BUILD)/dragonflowd.service
INSTALL += 644:$(BUILD)/dragonflowd.service:$(unitdir)/dragonflowd.service \
	644:agent/dragonflowd.conf:$(datadir)/doc/dragonflow/dragonflowd.conf \
	644:agent/dragonflowd.bash:$(completiondir)/dragonflowd \
	644:Documentation/man/dragonflowd.8:$(mandir)/man8/dragonflowd.8 \
	644:Documentation/man/dragonflowd.conf.5:$(mandir)/man5/dragonflowd.conf.5
