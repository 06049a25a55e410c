# SPDX-License-Identifier: GPL-2.0
# What the benchmarks measure with.

BENCH_COMMIT := $(BUILD)/bench/commit
BENCH_COMMIT_SRCS := tools/bench/control/commit.c

$(call objs,$(BENCH_COMMIT_SRCS)): CPPFLAGS += -I. -Iagent/lib
$(BENCH_COMMIT): $(call objs,$(BENCH_COMMIT_SRCS) $(addprefix tools/dfctl/,nl.c decode.c decode_trace.c text.c)) \
		$(BUILD)/lib/libdragonflow.so
	$(call link,-ldragonflow -ljansson -lmnl -lpthread)

BENCH_CHANGE := $(BUILD)/bench/change
BENCH_CHANGE_SRCS := tools/bench/control/change.c

$(call objs,$(BENCH_CHANGE_SRCS)): CPPFLAGS += -Iagent/lib
$(BENCH_CHANGE): $(call objs,$(BENCH_CHANGE_SRCS)) $(BUILD)/lib/libdragonflow.so
	$(call link,-ldragonflow -ljansson)

TOOL_TARGETS += $(BENCH_COMMIT) $(BENCH_CHANGE)
SRCS += $(BENCH_COMMIT_SRCS) $(BENCH_CHANGE_SRCS)
