# shellcheck shell=bash
# Sourced by deploy: messages, questions to Azure, and the one place that changes anything.

apply=''
step=''
answer=''
answers=()
problems=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { printf '%s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

wrong_usage() {
  printf 'error: %s\n' "$*" >&2
  exit 2
}

# missing WHAT MENDING: says what is missing, and goes on: all of it is worth one run.
missing() {
  printf 'missing: %s\n   mend: %s\n' "$1" "$2" >&2
  problems=$((problems + 1))
}

stop_on_problems() {
  ((problems == 0)) || fail "$problems missing; nothing was changed"
}

# quoted ARGUMENT…: as a shell reads them back. A value that exists only once an earlier
# command has run is a query for it, $(az …), which the shell must run.
quoted() {
  local argument text=''
  for argument; do
    # shellcheck disable=SC2016 # the text itself is meant
    if [[ $argument == '$(az '*')' ]]; then
      text+=" \"$argument\""
    elif [[ $argument =~ ^[A-Za-z0-9_./:=,@%+-]+$ ]]; then
      text+=" $argument"
    else
      text+=" ${argument@Q}"
    fi
  done
  printf '%s' "${text# }"
}

# ask COMMAND…: a query. Its values are in $answers, one a line of what az prints, the first
# in $answer too. Returns 1 where there is no such thing.
ask() {
  local text status=0 errors=$scratch/errors line
  answer=''
  answers=()
  text=$(az "$@" --output tsv 2>"$errors" </dev/null) || status=$?
  ((status != 3)) || return 1 # az's own code for it
  if ((status != 0)); then
    cat "$errors" >&2
    fail "${step:+step $step: }exit code $status from: $(quoted az "$@")"
  fi
  text=${text//$'\r'/}
  [[ $text ]] || return 0
  mapfile -t answers <<<"$text"
  for line in "${!answers[@]}"; do
    [[ ${answers[line]} != None ]] || answers[line]='' # how az writes null
  done
  answer=${answers[0]}
}

# change COMMAND…: prints what changes something so that it can be pasted, and does it
# with --apply.
change() {
  local status=0
  say "  $(quoted "$@")"
  [[ $apply ]] || return 0
  "$@" </dev/null || status=$?
  ((status == 0)) || step_failed "exit code $status from: $(quoted "$@")"
}

step_failed() {
  local more=''
  case $step in
    drivers | run) more=' The machine goes on running, and costs.' ;;
  esac
  fail "step $step: $1
What earlier steps made stays; the same command again goes on from here.$more"
}

# differs WHAT IS WANTED MENDING: for something that is there, but not as wanted.
differs() {
  [[ $2 == "$3" ]] && return
  fail "step $step: $1 is '$2', and '$3' is wanted
   mend: $4"
}

# on_machine SCRIPT ARGUMENT…: runs a script of machine/ there, as root, and prints what it
# printed. az calls any script that ran a success, so the script prints its exit code last;
# that is in $machine_status.
machine_status=''
on_machine() {
  local script=$1 command text status=0
  shift
  command=(az vm run-command invoke --resource-group "$group" --name "$machine"
    --command-id RunShellScript --scripts "set -- $(quoted "$@")" "@$here/machine/$script"
    --query "value[0].message" --output tsv)
  machine_status=0
  say "  $(quoted "${command[@]}")"
  [[ $apply ]] || return 0
  text=$("${command[@]}" </dev/null) || status=$?
  ((status == 0)) || step_failed "exit code $status from: $(quoted "${command[@]}")"
  machine_status=$(sed -n 's/^wgh-exit-code: //p' <<<"$text" | tail -n 1)
  sed -e '/^wgh-exit-code: /d' -e 's/^/    /' <<<"$text"
  [[ $machine_status =~ ^[0-9]+$ ]] ||
    step_failed "$script did not come to its end on $machine"
}
