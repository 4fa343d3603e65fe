#!/bin/sh
# qboxctl in any pipeline, in plain POSIX sh:
#
#   pipeline.sh plan     check the files, plan, and save the plan and a report; before a merge and again after it
#   pipeline.sh apply    do exactly what the saved plan says
#   pipeline.sh drift    compare only: 0 the account is as the files say, 2 it is not
#
# It ends with qboxctl's own exit code: 3 the files are invalid, 4 a guard blocks the plan, 5 the plan is stale,
# 6 applied in part, 7 the rest waits for DNS, 8 the token. `apply` after a 4, 5 or 6 needs a new plan.
#
# The environment holds the secrets: QBOXMAIL_API_TOKEN, and for apply those that the files name; give none of them to a
# job for a fork. `plan` and `drift` run no program that the files name. It may also hold:
#   QBOXCTL_ENV       the environment of the settings to work on
#   QBOXCTL_ENDPOINT  where its token goes, whatever the files say (https://api.qboxmail.com)
#   DIR               where the configuration is (.)
#   PLAN              the saved plan (qboxmail.plan.json); keep it for apply, it holds no secrets
#   REPORT            the same for people, as Markdown (plan.md); its first line is a marker, to find its comment again
#   JOURNAL           what apply did, one JSON object a line (apply.jsonl)
#   SINCE             a git revision: only what it declared counts as removed by on_remove; apply needs its history too
#   ACKNOWLEDGE       the id of a blocked plan that was reviewed and may pass the guards count and order
#   WAIT              how long apply waits for DNS and for the server, such as 30m
set -eu

export QBOXCTL_ENDPOINT="${QBOXCTL_ENDPOINT:-https://api.qboxmail.com}"
DIR=${DIR:-.}
PLAN=${PLAN:-qboxmail.plan.json}
REPORT=${REPORT:-plan.md}
JOURNAL=${JOURNAL:-apply.jsonl}

# A report there always is: whoever shows it would go on to show the one of an older commit.
plan() {
    for file in "$PLAN" "$REPORT"; do
        case $file in
        qboxmail.plan.json | plan.md) rm -rf "$file" ;; # a folder too, which a branch may have in its place
        *) rm -f "$file" ;;                             # one that was named by mistake is not deleted
        esac
    done
    code=0
    compare --out "$PLAN" --format markdown >"$REPORT" || code=$?
    if [ ! -s "$REPORT" ]; then
        # As a report begins: with its environment, a hyphen for other signs in it, and nothing for the default.
        name=$(printf '%s\n' "${QBOXCTL_ENV:-}" |
            LC_ALL=C.UTF-8 sed -E 's/[^[:alnum:]_.]+/-/g; s/^default$//; s/./ &/')
        printf '<!-- qboxctl plan%s -->\nThere is no plan of this commit (exit code %s).\n' "$name" "$code" >"$REPORT"
    fi
    cat "$REPORT"
    return "$code"
}

apply() {
    qboxctl -C "$DIR" apply "$PLAN" --auto-approve --journal "$JOURNAL" \
        ${ACKNOWLEDGE:+--acknowledge "$ACKNOWLEDGE"} ${WAIT:+--wait "$WAIT"}
}

drift() {
    compare --detailed-exitcode
}

# `plan` tells everything that is wrong with the files too, so it needs no `validate` before it.
compare() {
    QBOXCTL_NO_EXEC=1 qboxctl -C "$DIR" plan ${SINCE:+--since "$SINCE"} ${ACKNOWLEDGE:+--acknowledge "$ACKNOWLEDGE"} "$@"
}

case ${1:-} in
plan | apply | drift) "$1" ;;
*)
    echo "usage: ${0##*/} plan|apply|drift" >&2
    exit 1
    ;;
esac
