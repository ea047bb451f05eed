#!/usr/bin/env bash
# At least 20 kills and 2 pauses of processes that move events, on SQLite and on PostgreSQL; the log checker finds nothing in the
# history. SEED=N repeats the choices of a run.
KILLS=${KILLS:-22}
PAUSES=${PAUSES:-1} MEAN_MS=${MEAN_MS:-700} exec "$(dirname "$0")/../soak/events.sh" "$KILLS" ${SEED:-}
