# SPDX-License-Identifier: GPL-2.0
#
# Unit tests of libdragonflow, and the conformance suite of its databases. The
# unit tests run with a library and drivers that are instrumented as well.

DB_SUITE_SRCS := $(wildcard selftests/db/*.c)
$(call objs,$(DB_SUITE_SRCS)): CPPFLAGS += -Iagent/lib $(DF_LIB_PKG)
$(BUILD)/selftests/db/conformance: $(call objs,$(DB_SUITE_SRCS)) \
		$(BUILD)/lib/libdragonflow.so
	$(call link,-ldragonflow $(DF_LIB_LIBS))
UNIT_TARGETS += $(BUILD)/selftests/db/conformance
SRCS += $(DB_SUITE_SRCS)
