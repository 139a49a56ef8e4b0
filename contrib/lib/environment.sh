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

# Make the environment `$2` with this project and its extras `$1`; quick when nothing changed since.
prepare_environment() {
    local extras=$1 folder=${2:-.venv} python stamp wanted
    if ! "$folder/bin/python" -c 'import sys' 2>/dev/null; then
        python=$(find_python)
        rm -rf "$folder"
        "$python" -m venv "$folder" 2>/dev/null || {
            rm -rf "$folder"
            "$python" -m pip install --quiet --user virtualenv && "$python" -m virtualenv --quiet "$folder"
        } || {
            echo "$python can make no virtual environment; install its venv or virtualenv module" >&2
            return 1
        }
    fi
    stamp=$folder/.dataplane-installed-${extras//,/-}
    wanted="$extras $(cat setup.py pyproject.toml | cksum) $PWD"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        echo "installing dataplane[$extras] into $folder"
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check -e ".[$extras]"
        printf '%s' "$wanted" >"$stamp"
    fi
    PATH=$PWD/$folder/bin:$PATH
    VIRTUAL_ENV=$PWD/$folder
    export PATH VIRTUAL_ENV
}
