# Shows a command and runs it. The error of IAM that is named first is none: what is to be done is done already.
run_unless() {
    done_already=$1
    shift
    printf '%s\n' "$*"
    "$@" >/dev/null 2>"$errors" && return
    grep -q "($done_already)" "$errors" && return
    cat "$errors" >&2
    exit 1
}

# Waits before something is taken away: IAM is eventually consistent, so what was just granted may not hold everywhere yet.
settle() {
    printf 'Waiting for IAM.\n'
    sleep "${SETTLE_SECONDS-15}"
}

# Stops unless the inline policies (list-) or the attached ones (list-attached-), in a field ($2) of the answer, have the names that
# follow.
check_names() {
    found=$(list "$1$kind-policies" --"$kind"-name="$name" --query="$2")
    shift 2
    if [ "$found" != "$(printf '%s\n' "$@")" ]; then
        fail "$kind $name does not have the policies of the account export. It has:
$found
$advice"
    fi
}

# Compares an inline policy ($1) with a file ($2).
compare_inline() {
    compare PolicyDocument "$2" "get-$kind-policy" --"$kind"-name="$name" --policy-name="$1"
}

# Stops unless an inline policy ($1) is as in the account export ($2) or, once apply.sh has begun, as proposed ($3; nothing when it
# is to be deleted).
check_inline() {
    same=$(compare_inline "$1" "$2")
    if [ "$same" = True ]; then return; fi
    if [ "$begun" = yes ] && [ -n "$3" ]; then
        same=$(compare_inline "$1" "$3")
        if [ "$same" = True ]; then return; fi
    fi
    if [ "$begun" = yes ] && [ -z "$3$same" ]; then return; fi
    fail "inline policy $1 is not the one of $2. $advice"
}

# Stops unless a managed policy ($1) is as in the account export ($2).
check_managed() {
    version=$(default_version "$1")
    same=
    if [ -n "$version" ]; then same=$(compare_version "$1" "$version" "$2"); fi
    if [ "$same" != True ]; then fail "$1 is not the policy of $2. $advice"; fi
}

# Stops when a managed policy ($1) that is to be attached again is gone. Its document is in a file ($2).
check_there() {
    version=$(default_version "$1")
    if [ -z "$version" ]; then fail "$1 is gone. Create it from $2 and run this again. Nothing was changed."; fi
}

# Stops unless a new managed policy ($1) is not there or, once apply.sh has begun, is as proposed ($2).
check_new() {
    version=$(default_version "$1")
    if [ -z "$version" ]; then return; fi
    if [ "$begun" = yes ]; then
        same=$(compare_version "$1" "$version" "$2")
        if [ "$same" = True ]; then return; fi
    fi
    fail "$1 exists and is not the policy of this proposal. $advice"
}

# Saves the document of an inline policy ($1) in a file ($2).
save_inline() {
    aws iam "get-$kind-policy" --"$kind"-name="$name" --policy-name="$1" --query=PolicyDocument --output=json >"$2"
}

# Puts an inline policy ($1) as it is in the account export ($2), where it is not.
restore_inline() {
    same=$(compare_inline "$1" "$2")
    if [ "$same" = True ]; then return; fi
    run aws iam "put-$kind-policy" --"$kind"-name="$name" --policy-name="$1" --policy-document="file://$2"
}
