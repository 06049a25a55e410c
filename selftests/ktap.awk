# SPDX-License-Identifier: GPL-2.0
#
# Two readers of test output, chosen with -v mode=.
#
# nest: what one test program printed becomes a nested KTAP test.
#   -v name=, -v number=  of the test; -v status= of the program, as seen by
#   timeout(1); -v limit= its time limit; -v seconds= it took; -v splat= file
#   with what the kernel complained about meanwhile; -v skips= file with the
#   skips that are expected; -v ci=1 makes any other skip a failure; -v all=1
#   shows the output of passing cases too.
#
# count: a whole KTAP stream. Prints what failed, and "N passed, N failed, N
#   skipped", counting the innermost cases; exits with 1 if any failed. Cases
#   that were planned and never reported have failed.

function indent_of(line) {
	match(line, /^ */)
	return RLENGTH
}

# --- nest ---------------------------------------------------------------------

function keep(line) {
	# enough to see what happened, not enough to drown it
	held[nheld++ % 200] = line
}

function release(show,    i) {
	if (show)
		for (i = nheld > 200 ? nheld - 200 : 0; i < nheld; i++)
			out[nout++] = held[i % 200]
	nheld = 0
}

function add_case(ok, title, comment) {
	cases++
	if (!ok)
		failed++
	release(!ok || all)
	out[nout++] = (ok ? "ok " : "not ok ") cases " " title comment
}

function may_skip(title, reason,    i) {
	for (i = 0; i < nskips; i++)
		if ((name ":" title) ~ ("^(" skip_rule[i] ")$"))
			return 1
	return 0
}

function read_case(line,    ok, title, comment) {
	ok = line ~ /^ok/
	sub(/^(not )?ok [0-9]* *(- )?/, "", line)
	comment = ""
	if (match(line, / *# /)) {
		comment = " " substr(line, RSTART + RLENGTH - 2)
		title = substr(line, 1, RSTART - 1)
	} else {
		title = line
	}
	gsub(/ /, "_", title)
	if (comment ~ /^ # SKIP/ && ci && !may_skip(title)) {
		keep("# skipped without being listed in selftests/skips:" substr(comment, 9))
		ok = 0
		comment = ""
	}
	add_case(ok, title, comment)
}

BEGIN {
	notes = nheld = nout = nskips = cases = failed = 0
	passed = failures = skipped = 0
	if (mode == "nest" && skips != "") {
		while ((getline line < skips) > 0) {
			sub(/[ \t]*#.*/, "", line)
			if (line != "")
				skip_rule[nskips++] = line
		}
	}
}

mode == "nest" && /^(not )?ok( |$)/ {
	read_case($0)
	next
}

mode == "nest" && /^1\.\.[0-9]+/ {
	planned = substr($1, 4)
	next
}

mode == "nest" && /^(KTAP|TAP) version/ {
	next
}

mode == "nest" {
	keep($0 ~ /^#/ ? $0 : "# " $0)
	next
}

function nest_end(    i, line, n) {
	if (splat != "") {
		while ((getline line < splat) > 0) {
			keep("# " line)
			n++
		}
		if (n)
			add_case(0, "kernel_is_silent")
	}
	if (status == 124 || status == 137) {
		keep("# still running after " limit " s")
		add_case(0, "ends_in_time")
	} else if (planned != "" && cases < planned) {
		keep("# " (planned - cases) " of " planned " cases were never reported")
		add_case(0, "runs_all_cases")
	} else if (status != 0 && !failed) {
		keep("# exit status " status)
		add_case(0, "exits_with_0")
	}
	release(all)
	if (cases) {
		print "  KTAP version 1"
		print "  1.." cases
	}
	for (i = 0; i < nout; i++)
		print "  " out[i]
	printf "# %s: %s s\n", name, seconds
	print (failed ? "not ok " : "ok ") number " " name
}

# --- count --------------------------------------------------------------------
#
# A test's own line comes after those of what is inside it, so what failed is
# remembered and gets its full name when the outer line arrives.

function remember(d, kind, text) {
	noted_depth[notes] = d
	noted_kind[notes] = kind
	noted[notes++] = text
}

# A test at depth d has ended: what was planned in it must have been reported.
function close_below(d, outer,    i) {
	for (i = 0; i <= deepest; i++)
		if (i > d && (i in plan)) {
			if (seen[i] < plan[i]) {
				failures += plan[i] - seen[i]
				remember(i, "failed", (plan[i] - seen[i]) " planned and never reported")
			}
			delete plan[i]
		}
	for (i = 0; i < notes; i++)
		if (noted_depth[i] > d) {
			noted[i] = outer (outer == "" ? "" : ": ") noted[i]
			noted_depth[i] = d
		}
}

function list_of(kind,    i) {
	for (i = 0; i < notes; i++)
		if (noted_kind[i] == kind)
			print "# " kind ": " noted[i]
}

mode == "count" && /^ *1\.\.[0-9]+/ {
	d = indent_of($0)
	plan[d] = substr($1, 4) + 0
	seen[d] = 0
	if (d > deepest)
		deepest = d
}

mode == "count" && /^ *(not )?ok [0-9]+/ {
	d = indent_of($0)
	title = $0
	sub(/^ *(not )?ok [0-9]+ */, "", title)
	close_below(d, title)
	seen[d]++
	if (inside[d]) {
		inside[d] = 0
	} else if ($0 ~ /^ *not ok/) {
		failures++
		remember(d, "failed", title)
	} else if (title ~ /# SKIP/) {
		skipped++
		remember(d, "skipped", title)
	} else {
		passed++
	}
	for (i = 0; i < d; i++)
		inside[i] = 1
}

function count_end() {
	close_below(-1, "")
	list_of("skipped")
	list_of("failed")
	printf "%d passed, %d failed, %d skipped\n", passed, failures, skipped
	exit failures != 0
}

END {
	if (mode == "nest")
		nest_end()
	else
		count_end()
}
