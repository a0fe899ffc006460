# shellcheck shell=bash
# The steps of scripts/gpu-check, each as step_KIND STEP BACKEND SECONDS: sets its result.

# NVIDIA's driver, or nothing.
driver_version() {
  timeout 20 nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1 | grep . ||
    sed -n 's/^NVRM version: .*  \([0-9][0-9.]*\) .*/\1/p' /proc/driver/nvidia/version 2>/dev/null
}

step_gpu() {
  local log status=0
  log=$(log_of "$1")
  if ! command -v nvidia-smi >/dev/null; then
    not_run "$1" "no nvidia-smi"
    return
  fi
  limited "$3" nvidia-smi --format=csv,noheader \
    --query-gpu=name,driver_version,memory.total,compute_cap,clocks.max.sm,clocks.max.mem,power.limit,mig.mode.current \
    >"$log" 2>&1 || status=$?
  if ((status != 0)); then
    failed "$1" "$(failure_text $status "$log")"
    return
  fi
  data[$1]=$(json_string "$(<"$log")")
  passed "$1" "$(head -n 1 "$log")"
}

devices_line() { grep -E "^$1 +[0-9]+ +usable" "$devices" | grep -v ', software,' | head -n 1; }

# Why a backend has no GPU here, or nothing.
why_not() {
  [[ -z $(devices_line "$1") ]] || return 0
  local line
  line=$(grep -E "^$1 " "$devices" | head -n 1 | tr -s ' ')
  line=${line:-\`devices\` says nothing of it}
  echo "no GPU by $1: ${line:0:160}"
}

# What may be the reason that others fail.
no_matmul() { [[ $(devices_line "$1") != *"no matmul"* ]] || echo "; this machine has no cuBLAS, see devices"; }

# Whether or not it is asked for: what it prints decides what else can run.
list_devices() {
  devices=$(log_of devices)
  devices_status=0
  ours "$(limit_for "${limits[devices]}")" "$build/wasmtime-gpu-host" devices >"$devices" 2>"$devices.errors" ||
    devices_status=$?
}

step_devices() {
  data[$1]=$(json_string "$(<"$devices")")
  cat "$devices"
  if ((devices_status != 0)); then
    failed "$1" "$(failure_text "$devices_status" "$devices.errors")"
  elif [[ -n $(why_not cuda) ]]; then
    failed "$1" "$(why_not cuda)"
  else
    passed "$1" "$(devices_line cuda | tr -s ' ')"
  fi
}

# run_gtest STEP BACKEND LIMIT PROGRAM
run_gtest() {
  local log status=0 good bad skipped text
  log=$(log_of "$1")
  WGH_REQUIRE_BACKENDS=$2 ours "$3" "$build/$4" "--gtest_filter=*$2*" >"$log" 2>&1 || status=$?
  good=$(grep -c '^\[       OK \]' "$log" || true)
  bad=$(grep -c '^\[  FAILED  \] .* ms)$' "$log" || true)
  skipped=$(grep -c '^\[  SKIPPED \] .* ms)$' "$log" || true)
  data[$1]="{\"passed\": $good, \"failed\": $bad, \"skipped\": $skipped}"
  if ((status != 0)); then
    text="$bad tests failed, $good passed; $(failure_text $status "$log")"
    # It prints this line at its end.
    grep -q '^\[  PASSED  \]' "$log" || text+=", in $(sed -n 's/^\[ RUN      \] //p' "$log" | tail -n 1)"
    failed "$1" "$text$(no_matmul "$2")"
  elif ((good == 0)); then
    failed "$1" "no test passed"
  else
    passed "$1" "$good tests, $skipped skipped"
  fi
}

step_conformance() { run_gtest "$@" tests/conformance/conformance_test; }
step_hostile() { run_gtest "$@" tests/hostile/hostile_test; }

step_demo() {
  local log status=0 line
  log=$(log_of "$1")
  ours "$3" "$build/wasmtime-gpu-host" --backend "$2" -d data "$build/wasm_ml.wasm" bench --trees 20 >"$log" 2>&1 ||
    status=$?
  line=$(tail -n 1 "$log")
  if ((status != 0)) || [[ $line != "{"*"}" ]]; then
    failed "$1" "$(failure_text $status "$log")$(no_matmul "$2")"
    return
  fi
  data[$1]=$line
  passed "$1" "trained in $(sed -n 's/.*"training_ms": *\([0-9.]*\).*/\1/p' <<<"$line") ms"
}

# One process per row: a row that fails takes no other along.
step_bench() {
  local log row output status limit end failure count=0 missed=() unmeasured=() skipped=() rows="" text
  log=$(log_of "$1")
  end=$((SECONDS + $3))
  : >"$log"
  while read -r row; do
    ((count += 1))
    output=""
    status=0
    limit=$((end - SECONDS < row_limit ? end - SECONDS : row_limit))
    failure="no time left"
    if ((limit > 0)); then
      output=$(ours "$limit" "$build/bench/wgh-bench" --json "^$row\$" 2>>"$log") || status=$?
      failure=$(failure_text $status "$log")
    fi
    if [[ $output != "["*"]" ]]; then
      output="[
  {\"name\": $(json_string "$row"), \"holds\": false, \"failure\": $(json_string "$failure")}
]"
    fi
    printf '%s\n' "$output" >>"$log"
    rows+=${rows:+,}$(sed '1d;$d' <<<"$output")
    if grep -q '"skipped"' <<<"$output"; then
      skipped+=("$row")
    elif grep -q '"failure"' <<<"$output"; then
      unmeasured+=("$row")
    elif ((status != 0)); then
      missed+=("$row")
    fi
    show_row "$output"
  done < <(ours 30 "$build/bench/wgh-bench" --list "^$2-" 2>/dev/null | sed -n 's/^\([^:]*\): .*/\1/p')
  data[$1]="[$rows]"
  text="$((count - ${#missed[@]} - ${#unmeasured[@]} - ${#skipped[@]})) of $count rows hold"
  ((${#missed[@]} == 0)) || text+="; not reached: ${missed[*]}"
  ((${#unmeasured[@]} == 0)) || text+="; not measured: ${unmeasured[*]}"
  ((${#skipped[@]} == 0)) || text+="; skipped: ${skipped[*]}"
  if ((${#missed[@]} + ${#unmeasured[@]} > 0)); then
    failed "$1" "$text"
  elif ((count == 0)); then
    failed "$1" "no such rows in this build"
  elif ((${#skipped[@]} > 0)); then
    not_run "$1" "$text"
  else
    passed "$1" "$text"
  fi
}

# A row of the benchmarks, from its JSON, times in µs.
show_row() {
  awk -F'": ' '
    { gsub(/^ *"|,$/, ""); gsub(/^"|"$/, "", $2); value[$1] = $2 }
    END {
      if ("failure" in value) result = "not measured: " value["failure"]
      else if ("skipped" in value) result = "skipped: " value["skipped"]
      else {
        result = sprintf("%12.2f us", value["ours_seconds"] * 1e6)
        if ("reference_seconds" in value) result = result sprintf(", reference %12.2f us", value["reference_seconds"] * 1e6)
        result = result sprintf(", %.4g (%s, limit %g): %s", value["value"], value["condition"], value["limit"], value["holds"] == "true" ? "holds" : "does not hold")
      }
      printf "  %-26s %s\n", value["name"], result
    }' < <(sed 's/^ *{"name"/"name"/; s/, "holds"/\n"holds"/; s/, "failure"/\n"failure"/; s/"}$/"/' <<<"$1")
}

step_peers() {
  local log status=0
  log=$(log_of "$1")
  if ! command -v python3 >/dev/null; then
    not_run "$1" "no python3"
    return
  fi
  # Exit code 3: neither is there.
  limited "$3" python3 scripts/lib/gpu_peers.py >"$log" 2>"$log.errors" || status=$?
  if ((status == 3)); then
    not_run "$1" "$(paste -sd ';' "$log.errors")"
  elif ((status != 0)); then
    failed "$1" "$(failure_text $status "$log.errors")"
  else
    data[$1]=$(<"$log")
    cat "$log.errors"
    passed "$1" "$(grep -c '"seconds"' "$log") timings"
  fi
}

step_memcheck() {
  local log status=0 tool clean finding
  log=$(log_of "$1")
  tool=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer || true)
  if [[ -z $tool ]]; then
    not_run "$1" "no compute-sanitizer"
    return
  fi
  # Tests that ask for too much memory get errors from the driver, as they should.
  WGH_REQUIRE_BACKENDS=cuda ours "$3" "$tool" --tool memcheck --report-api-errors no --error-exitcode 9 \
    "$build/tests/conformance/conformance_test" '--gtest_filter=*cuda*' >"$log" 2>&1 || status=$?
  clean=$(grep -c '^\[       OK \]' "$log" || true)
  finding=$(grep -m 1 -E '^========= +(Invalid|Misaligned|Program hit|Leaked|ERROR SUMMARY: [1-9])' "$log" || true)
  if [[ -n $finding ]]; then
    failed "$1" "$finding"
  elif grep -q 'Device not supported' "$log"; then
    not_run "$1" "compute-sanitizer: Device not supported"
  elif ((status == 124 || status == 137)); then
    not_run "$1" "not all in $3 s; without a finding: $clean tests"
  elif ((status != 0)); then
    failed "$1" "$(failure_text $status "$log")"
  elif ! grep -q 'ERROR SUMMARY: 0 errors' "$log"; then
    not_run "$1" "compute-sanitizer gave no summary"
  else
    passed "$1" "$clean tests without a finding"
  fi
}
