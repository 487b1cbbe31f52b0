# Sees to it that there is a C compiler: installs Debian's, which needs root, if none is found.
set -eu
command -v cc >/dev/null && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "a C compiler (cc) is needed and was not found; install one, such as Debian's packages gcc and libc6-dev" >&2
    exit 1
fi
apt-get update --quiet
apt-get install --quiet --yes --no-install-recommends gcc libc6-dev
