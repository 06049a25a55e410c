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

# What is pure is linked in, with its insides; the rest is tested through the
# library's interface.
LIB_UNIT := address object schema seen
LIB_UNIT_OBJS := $(call asan_objs,$(DF_LIB_SRCS))
LIB_NB := test_nb test_nb_follow test_nb_on_demand test_nb_policy test_nb_remotes test_nb_router
LIB_NB_SRCS := $(LIB_NB:%=selftests/unit/%.c)
comma := ,
LIB_ASAN := $(BUILD)/asan/lib
LIB_ASAN_RPATH := -Wl,--disable-new-dtags -Wl,-rpath,'$$ORIGIN/../asan/lib'

$(call asan_objs,$(LIB_UNIT:%=selftests/unit/test_%.c) $(LIB_NB_SRCS)): \
	CPPFLAGS += -Iagent/lib $(DF_LIB_PKG)
$(LIB_UNIT:%=$(BUILD)/unit/test_%): $(BUILD)/unit/test_%: \
		$(BUILD)/asan/selftests/unit/test_%.o $(LIB_UNIT_OBJS)
	$(call link_asan,-lcmocka $(DF_LIB_LIBS))

$(LIB_ASAN)/$(DF_SONAME): $(LIB_UNIT_OBJS) agent/lib/dragonflow.map
	$(call link_asan,-shared $(filter-out -Wl$(comma)-z$(comma)defs,$(DF_LIB_LDFLAGS)))
$(LIB_ASAN)/dragonflow/sqlite.so: $(call asan_objs,$(DF_sqlite_SRCS))
	$(call link_asan,-shared $(DF_LIB_LIBS) $(DF_sqlite_LIBS))
$(LIB_NB:%=$(BUILD)/unit/%): $(BUILD)/unit/%: \
		$(BUILD)/asan/selftests/unit/%.o \
		$(LIB_ASAN)/$(DF_SONAME) $(LIB_ASAN)/dragonflow/sqlite.so
	$(call link_asan,$(LIB_ASAN)/$(DF_SONAME) $(LIB_ASAN_RPATH) -lcmocka -levent_core)

LIB_UNIT_TESTS := $(LIB_UNIT:%=$(BUILD)/unit/test_%) $(LIB_NB:%=$(BUILD)/unit/%)
UNIT_TARGETS += $(LIB_UNIT_TESTS)
SRCS += $(LIB_UNIT:%=selftests/unit/test_%.c) $(LIB_NB_SRCS)
