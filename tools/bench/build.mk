# SPDX-License-Identifier: GPL-2.0
# What the benchmarks measure with.

# They listen to the kernel.
BENCH_WATCHERS := $(addprefix $(BUILD)/bench/,commit first)
BENCH_WATCHER_SRCS := $(addprefix tools/bench/control/,commit.c first.c watch.c)

$(call objs,$(BENCH_WATCHER_SRCS)): CPPFLAGS += -I. -Iagent/lib
$(BENCH_WATCHERS): $(BUILD)/bench/%: $(BUILD)/tools/bench/control/%.o \
		$(call objs,tools/bench/control/watch.c $(addprefix tools/dfctl/,nl.c decode.c decode_trace.c text.c)) \
		$(BUILD)/lib/libdragonflow.so
	$(call link,-ldragonflow -ljansson -lmnl -lpthread)

BENCH_CHANGE := $(BUILD)/bench/change
BENCH_CHANGE_SRCS := tools/bench/control/change.c

$(call objs,$(BENCH_CHANGE_SRCS)): CPPFLAGS += -Iagent/lib
$(BENCH_CHANGE): $(call objs,$(BENCH_CHANGE_SRCS)) $(BUILD)/lib/libdragonflow.so
	$(call link,-ldragonflow -ljansson)

TOOL_TARGETS += $(BENCH_WATCHERS) $(BENCH_CHANGE)
SRCS += $(BENCH_WATCHER_SRCS) $(BENCH_CHANGE_SRCS)
