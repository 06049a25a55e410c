# SPDX-License-Identifier: GPL-2.0
# What the benchmarks measure with.

BENCH_COMMIT := $(BUILD)/bench/commit
BENCH_COMMIT_SRCS := tools/bench/control/commit.c

$(call objs,$(BENCH_COMMIT_SRCS)): CPPFLAGS += -I. -Iagent/lib
$(BENCH_COMMIT): $(call objs,$(BENCH_COMMIT_SRCS) $(addprefix tools/dfctl/,nl.c decode.c text.c)) \
		$(BUILD)/lib/libdragonflow.so
	$(call link,-ldragonflow -ljansson -lmnl -lpthread)
TOOL_TARGETS += $(BENCH_COMMIT)
SRCS += $(BENCH_COMMIT_SRCS)
