#!/bin/sh
# One maintenance as a job of AWX, Jenkins or cron, whose window a change ticket opens. Its log is the log of the maintenance,
# and its exit code the result: 0 all nodes that wanted it are rebooted, 3 not all (the last lines have their names), 4 the
# pool is halted.
#
# Needs helm, and lockkeeper on the PATH (docs/command-line.md), which reaches Temporal by TEMPORAL_ADDRESS or, by
# LOCKKEEPER_OPTIONS='--temporal-pod lockkeeper-worker-0', through the worker's pod.
set -eu

: "${POOL:?the pool of the policy}" "${CHANGE:?the ticket, such as CHG0042}" "${HOURS:?how long its window is, such as 10h}"
: "${CHART:?the chart}" "${VALUES:?the file with its values}"
BY=${BY:-awx}
# shellcheck disable=SC2086 # options are words
say() { lockkeeper "$@" ${LOCKKEEPER_OPTIONS:-}; }

helm upgrade --install lockkeeper "$CHART" --namespace lockkeeper --create-namespace --values "$VALUES" >/dev/null

say window open "$POOL" --for "$HOURS" --reason "$CHANGE" --by "$BY"
# Whatever ends the job closes the window; nodes that the reboot has begun for come back all the same.
trap 'say window close "$POOL" --reason "$CHANGE is over" --by "$BY"' EXIT

code=0
say wait --pool "$POOL" --until-window-closes --timeout "$HOURS" || code=$?
exit "$code"
