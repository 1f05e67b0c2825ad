#!/bin/sh
# Make .venv fit for use: "setup.sh run" for the studio itself, "setup.sh dev" for its checks and tests too.
# Returns at once when nothing changed. Whatever stands in the way is told in one sentence that says what to do.
set -eu

kind=${1:-run}
cd "$(dirname "$0")/.."
root=$(pwd -P)
venv=.venv
log=$venv/setup.log
oldest="3.11"
case $kind in
    run) locks="requirements.lock" ;;
    dev) locks="requirements.lock requirements-dev.lock" ;;
    *) echo "Use: scripts/setup.sh run | dev" >&2; exit 2 ;;
esac

main() {
    is_ready && return
    if is_anothers; then
        say "Using the environment of $(cat "$venv/.root"), which .venv leads to, as it is."
        return
    fi
    can_write || stop "Assay Studio cannot write in $root. Give yourself write access to that folder, or move it to one of your own, and run make again."
    venv_works || make_venv
    rm -f "$venv/.ready-run" "$venv/.ready-dev"
    install_packages
    # One line on the import path, so that every process finds studio/ and app.py from whatever folder it starts in.
    echo "$root" > "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/assay-studio.pth"
    for one in run $kind; do fingerprint "$one" > "$venv/.ready-$one"; done
    say "The environment is ready."
}

say() { printf '%s\n' "$1"; }
stop() { printf '%s\n' "$1" >&2; exit 1; }

# Ready means: this Python, in this folder, has installed these locks.
is_ready() { [ -x "$venv/bin/python" ] && [ "$(fingerprint "$kind")" = "$(cat "$venv/.ready-$kind" 2>/dev/null)" ]; }

fingerprint() {
    files="requirements.lock"
    [ "$1" = run ] || files=$locks
    # shellcheck disable=SC2086 # two names, split on purpose
    printf '%s %s %s\n' "$(cat $files | cksum)" "$("$venv/bin/python" --version 2>&1)" "$root"
}

# Tried, not asked: on a read-only disk the permissions alone say nothing.
can_write() { mkdir -p "$venv" 2>/dev/null && (: > "$venv/.writable") 2>/dev/null && rm -f "$venv/.writable"; }

# What a link leads to belongs to another folder, whose programs may be running in it: it is never emptied from here.
is_anothers() { [ -L "$venv" ] && [ "$(cat "$venv/.root" 2>/dev/null || echo "$root")" != "$root" ]; }

# A moved folder leaves the paths of its old place inside the environment's programs.
venv_works() {
    [ "$(version_of "$venv/bin/python")" ] || return 1
    fits "$(version_of "$venv/bin/python")" || return 1
    [ "$(cat "$venv/.root" 2>/dev/null || echo "$root")" = "$root" ]
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }

fits() { [ "${1%%.*}" -gt "${oldest%%.*}" ] || { [ "${1%%.*}" -eq "${oldest%%.*}" ] && [ "${1#*.}" -ge "${oldest#*.}" ]; }; }

make_venv() {
    # Made anew, an environment is emptied first: behind a link, that would be somebody else's.
    [ ! -L "$venv" ] || stop "$root/$venv is a link to $(readlink "$venv"), which does not fit this folder and is not emptied for it. Remove the link and run make again, or prepare the folder that it leads to."
    find_python
    say "Making $venv with $python ($version)."
    "$python" -m venv --clear "$venv" > "$root/.setup-venv.log" 2>&1 ||
        stop "Python could not make $root/$venv: $(tail -n 1 "$root/.setup-venv.log")"
    rm -f "$root/.setup-venv.log"
    echo "$root" > "$venv/.root"
}

# Sets python and version: the first one that is new enough and can make environments.
find_python() {
    seen="" bare=""
    if [ "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3 python3.13 python3.12 python3.11 python3.14; fi
    for python; do
        version=$(version_of "$python")
        seen=${seen:-$version}
        [ "$version" ] && fits "$version" || continue
        "$python" -c 'import venv, ensurepip' 2>/dev/null && return
        bare=${bare:-$python}
    done
    [ -z "$bare" ] || stop "Python's venv module is missing. Install it (on Debian and Ubuntu: sudo apt install ${bare##*/}-venv) and run make again."
    [ "$seen" ] || stop "Assay Studio needs Python $oldest or newer, and there is no ${PYTHON:-python3} here. Install it (on Debian and Ubuntu: sudo apt install python3 python3-venv) and run make again."
    stop "Assay Studio needs Python $oldest or newer; this is $seen. Install a newer one beside it and run make again, or name one you have: make run PYTHON=/path/to/python3.12"
}

install_packages() {
    say "Installing the studio's packages into $venv. The first time takes some minutes; torch is by far the largest."
    # shellcheck disable=SC2016 # awk's own $ signs
    { install_thirds && { is_whole || install -r "${locks##* }"; } || echo "pip failed"; } 2>&1 |
        tee "$log" |
        awk '/^ *Downloading /{ sub(/^ *Downloading .*\//, ""); sub(/^ *Downloading /, ""); print "  " $0; fflush() } /^Installing collected/{ print "  unpacking them"; fflush() }'
    ! tail -n 1 "$log" | grep -q '^pip failed$' || explain_failure
}

# Every third package each, at the same time: pip unpacks with one core alone, and waits for the network.
install_thirds() {
    rm -f "$venv"/third?
    # shellcheck disable=SC2086 # two names, split on purpose
    cat $locks | awk -v third="$venv/third" '/^[^#-]/{ print > (third (count++ % 3)) }'
    begun="" ended=0
    for third in "$venv"/third?; do
        [ ! -s "$third" ] || { install --no-deps -r "$third" & begun="$begun $!"; }
    done
    for one in $begun; do wait "$one" || ended=$?; done
    return "$ended"
}

# Whether they need nothing besides: to look takes a third of what pip takes to find that there is nothing to install.
is_whole() { "$venv/bin/python" -m pip check --disable-pip-version-check > /dev/null; }

# Not compiled beforehand: that takes a quarter of the time, and Python compiles what is used when it is first used.
install() { PYTHONUNBUFFERED=1 "$venv/bin/python" -m pip install --disable-pip-version-check --no-compile "$@"; }

explain_failure() {
    if said 'No space left'; then
        stop "The disk is full: make some room (with CUDA the packages take about 8 GB) and run make again."
    elif said 'NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|Max retries exceeded|Network is unreachable|ProxyError|Connection (refused|reset)'; then
        stop "The packages could not be downloaded because pip got no connection. Check the network (or the proxy) and run make again; what has arrived is kept."
    elif said 'No matching distribution found for'; then
        missing=$(sed -n 's/.*No matching distribution found for \([^ ]*\).*/\1/p' "$log" | head -n 1)
        stop "There is no build of $missing for $("$venv/bin/python" --version) on $(uname -sm). Try another Python: rm -r $venv, then make run PYTHON=python3.12"
    fi
    stop "Installing the packages failed: $(grep -i 'error' "$log" | tail -n 1) All that pip said is in $root/$log."
}

said() { grep -qE "$1" "$log"; }

main
