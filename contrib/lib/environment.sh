# Sourced by contrib/run and contrib/test from the top folder: the virtual environment in .venv.

# Print the first Python of at least 3.11 that can make a virtual environment.
find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python; do
        if [ -n "$candidate" ] &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    echo "no Python of at least 3.11 was found; name one with PYTHON=/path/to/python3" >&2
    return 1
}

# Make the folder `$1` a virtual environment, with the module venv or, where that is missing, virtualenv.
make_environment() {
    local folder=$1 python
    python=$(find_python) || return 1
    rm -rf "$folder"
    "$python" -m venv "$folder" 2>/dev/null && return
    rm -rf "$folder"
    "$python" -m pip install --quiet --user --no-warn-script-location virtualenv &&
        "$python" -m virtualenv --quiet "$folder" && return
    echo "$python can make no virtual environment; install its module venv or virtualenv" >&2
    return 1
}

# Make the environment `$2` with this project and its extras `$1`; quick when nothing changed since.
# (Called in conditions too, where `set -e` does not hold: every step says what its failure does.)
prepare_environment() {
    local extras=$1 folder=${2:-.venv} stamp wanted
    export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
    if ! "$folder/bin/python" -c 'import sys' 2>/dev/null; then
        make_environment "$folder" || return 1
    fi
    stamp=$folder/.dataplane-installed-${extras//,/-}
    wanted="$extras $(cat setup.py pyproject.toml | cksum) $PWD"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        echo "installing dataplane${extras:+[$extras]} into $folder"
        "$folder/bin/python" -m pip install --quiet -e ".${extras:+[$extras]}" || return 1
        printf '%s' "$wanted" >"$stamp"
    fi
    case $folder in /*) ;; *) folder=$PWD/$folder ;; esac
    PATH=$folder/bin:$PATH
    VIRTUAL_ENV=$folder
    export PATH VIRTUAL_ENV
}
