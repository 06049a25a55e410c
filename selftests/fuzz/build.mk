# SPDX-License-Identifier: GPL-2.0
#
# Fuzz targets: libFuzzer's where there is clang, otherwise gcc's with drive.c.
# A new one: fuzz_NAME.c, FUZZ_NAME with what it is linked with, and a corpus.

FUZZ_LIB := $(wildcard agent/lib/*.c)
FUZZ_AGENT := $(FUZZ_LIB) $(AGENT_PURE)
FUZZ_address := $(FUZZ_AGENT)
FUZZ_apply := $(patsubst %,agent/lib/%.c,address error field json model model_policy model_port \
	model_router object schema schema_policy schema_trace) \
	$(patsubst %,tools/dfctl/%.c,apply progress suggest text)
FUZZ_change := $(FUZZ_LIB)
FUZZ_config := $(FUZZ_AGENT) tools/dfctl/config.c tools/dfctl/text.c
FUZZ_control := $(FUZZ_AGENT) agent/control.c
FUZZ_entry := $(FUZZ_AGENT)
FUZZ_etcd := $(FUZZ_LIB) $(DF_DB_URI) $(patsubst %,agent/lib/db/etcd_%.c,txn uri wire)
FUZZ_field := $(FUZZ_LIB)
FUZZ_kernel := $(FUZZ_AGENT) agent/kernel.c agent/codec.c selftests/fuzz/fake_mnl.c
FUZZ_key := kmod/path/key.c
FUZZ_known := $(FUZZ_AGENT)
FUZZ_lpm := kmod/table/lpm.c
FUZZ_miss := $(FUZZ_AGENT) agent/miss.c agent/listener.c agent/kernel.c agent/codec.c selftests/fuzz/fake_mnl.c
FUZZ_netdev := $(FUZZ_AGENT) agent/netdev.c agent/tunneldev.c agent/addrdev.c
FUZZ_nl := $(patsubst %,tools/dfctl/%.c,decode decode_trace nl text) selftests/fuzz/fake_mnl.c
FUZZ_object := $(FUZZ_LIB)
FUZZ_packet := $(FUZZ_AGENT) agent/packet.c agent/listener.c agent/kernel.c agent/codec.c selftests/fuzz/fake_mnl.c
FUZZ_pcap := tools/dfctl/pcap.c tools/dfctl/frame.c
FUZZ_redis := $(FUZZ_LIB) $(DF_DB_URI) $(patsubst %,agent/lib/db/redis_%.c,layout uri)
FUZZ_uri := $(FUZZ_LIB) agent/lib/db/sqlite_uri.c
FUZZ_zookeeper := $(FUZZ_LIB) $(DF_DB_URI) $(patsubst %,agent/lib/db/zookeeper_%.c,path record uri)
FUZZ_NAMES := $(patsubst selftests/fuzz/fuzz_%.c,%,$(wildcard selftests/fuzz/fuzz_*.c))

FUZZ_CLANG := $(shell command -v clang)
FUZZ_CC := $(or $(FUZZ_CLANG),$(CC))
FUZZ_SANITIZE := $(ASAN) $(if $(FUZZ_CLANG),-fsanitize=fuzzer-no-link -Wno-c2x-extensions -Wno-missing-field-initializers)
FUZZ_ENGINE := $(if $(FUZZ_CLANG),-fsanitize=fuzzer)
FUZZ_DRIVER := $(if $(FUZZ_CLANG),,selftests/fuzz/drive.c)
FUZZ_LIBS := $(sort $(DF_LIB_LIBS) $(AGENT_LIBS) -lhiredis)

FUZZ_CPPFLAGS := -Iagent -Iagent/lib -I. $(DF_LIB_PKG) $(AGENT_CFLAGS) \
	-DDF_DRIVER_DIR='"$(plugindir)"'
FUZZ_KMOD_OBJS := $(call fuzz_objs,$(foreach name,key lpm,\
	selftests/fuzz/fuzz_$(name).c $(FUZZ_$(name))))
$(filter-out $(FUZZ_KMOD_OBJS),$(call fuzz_objs,$(sort $(foreach name,$(FUZZ_NAMES),\
	selftests/fuzz/fuzz_$(name).c $(FUZZ_$(name)))))): CPPFLAGS += $(FUZZ_CPPFLAGS)
$(FUZZ_KMOD_OBJS): CPPFLAGS += -Iselftests/unit/kernel -Iselftests/unit -Ikmod/path -Ikmod/table

$(BUILD)/fuzz/%.o: %.c $(BUILD)/flags
	$(call say,CC,'$< (fuzz)')
	$(Q)mkdir -p $(@D) && $(FUZZ_CC) $(CPPFLAGS) $(CFLAGS) $(FUZZ_SANITIZE) -MMD -MP -c -o $@ $<

define fuzz_target
$(BUILD)/fuzz/fuzz_$(1): $(call fuzz_objs,selftests/fuzz/fuzz_$(1).c $(FUZZ_$(1)) $(FUZZ_DRIVER))
	$$(call say,LINK,$$@)
	$$(Q)$(FUZZ_CC) $(LDFLAGS) $(ASAN) $(FUZZ_ENGINE) -o $$@ $$(filter %.o,$$^) $(FUZZ_LIBS)
FUZZ_TARGETS += $(BUILD)/fuzz/fuzz_$(1)
SRCS += selftests/fuzz/fuzz_$(1).c
endef
$(foreach name,$(FUZZ_NAMES),$(eval $(call fuzz_target,$(name))))
SRCS += selftests/fuzz/drive.c selftests/fuzz/fake_mnl.c
