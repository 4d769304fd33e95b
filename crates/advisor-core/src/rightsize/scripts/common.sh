# Shows an error and stops.
fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# Stops when the credentials are those of another account than $1.
check_account() {
    account=$(aws sts get-caller-identity --query Account --output text)
    if [ "$account" != "$1" ]; then
        fail "the credentials are of account $account, not of $1"
    fi
}

# Stops here where only checks were asked for ($1).
stop_after_checks() {
    if [ "$1" = --check ]; then
        printf 'The account is as in the export, or as proposed. Nothing was changed.\n'
        exit 0
    fi
}

# Shows a command and runs it.
run() {
    printf '%s\n' "$*"
    "$@" >/dev/null
}

# Prints what IAM answers, as text; nothing when there is no such thing.
ask() {
    aws iam "$@" --output text 2>"$errors" && return
    grep -q '(NoSuchEntity)' "$errors" && return
    cat "$errors" >&2
    exit 1
}

# Prints a list that IAM answers, one item a line, sorted.
list() {
    items=$(aws iam "$@" --output text) || exit 1
    printf '%s\n' "$items" | tr '\t' '\n' | sed '/^$/d' | LC_ALL=C sort
}

# Prints True when the JSON in a field ($1) of IAM's answer is that of a file ($2), False when it is not, and nothing when there is
# no such thing. The AWS CLI compares them: white space and the order of keys do not matter.
compare() {
    field=$1
    json=$(sed 's/`/\\u0060/g' "$2") || exit 1
    shift 2
    ask "$@" --query="$field == \`$json\`"
}

# Compares the document of a version ($2) of a managed policy ($1) with a file ($3).
compare_version() {
    compare PolicyVersion.Document "$3" get-policy-version --policy-arn="$1" --version-id="$2"
}

# Prints the id of the default version of a managed policy; nothing when there is no such policy.
default_version() {
    ask get-policy --policy-arn="$1" --query=Policy.DefaultVersionId
}

errors=$(mktemp)
trap 'rm -f -- "$errors"' EXIT
export AWS_PAGER=
