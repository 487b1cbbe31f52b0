#!/bin/sh
# Runs a command with nothing of this shell's environment but PATH, HOME and what downloads need to trust a server.
set -eu
for name in HOME SSL_CERT_FILE SSL_CERT_DIR PIP_CERT REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS \
    GIT_SSL_CAINFO UV_SYSTEM_CERTS; do
    eval "value=\${$name-}"
    if [ -n "$value" ]; then
        set -- "$name=$value" "$@"
    fi
done
exec env -i PATH="$PATH" "$@"
