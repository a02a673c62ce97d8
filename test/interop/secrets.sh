#!/usr/bin/env bash
# The search for secrets of test/cli/secrets.sh, against a real Nessie too. Skipped (77) where it cannot be had.
set -eu
. "$(dirname "$0")/../stack/use.sh" nessie
python3 "$(dirname "$0")/../cli/lib/secret_search.py" "$1" \
    "{\"type\": \"nessie\", \"uri\": \"$FIRN_NESSIE_URI\", \"ref\": \"main\", \"warehouse\": \"file://FOLDER/nessie\"}"
