# Sees to it that there is a Chromium: installs Debian's, which needs root, if none is found.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "Chromium (chromium) is needed and was not found; install it, such as Debian's package chromium" >&2
    exit 1
fi
apt-get update --quiet
apt-get install --quiet --yes --no-install-recommends chromium fonts-dejavu-core
