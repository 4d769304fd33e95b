
# Is the policy as in the account export, or as proposed already?
version=$(default_version "$arn")
if [ -z "$version" ]; then fail "$arn does not exist. $advice"; fi
same=$(compare_version "$arn" "$version" "$new")
if [ "$same" = True ]; then
    printf 'Nothing to do: the default version, %s, is the proposed one.\n' "$version"
    exit 0
fi
if [ "$version" != "$exported" ]; then
    fail "the default version is $version, and $exported in the account export. $advice"
fi
same=$(compare_version "$arn" "$version" "$today")
if [ "$same" != True ]; then fail "$version is not the version of $today. $advice"; fi
versions=$(list list-policy-versions --policy-arn="$arn" --query='Versions[].VersionId')
for version in $versions; do
    case " $exported_versions " in
        *" $version "*) ;;
        *) fail "$version is not in the account export. $advice" ;;
    esac
done

stop_after_checks "${1-}"

# Save what is there.
mkdir -p found
aws iam list-policy-versions --policy-arn="$arn" --output=json >found/versions.json
save_version() {
    aws iam get-policy-version --policy-arn="$arn" --version-id="$1" \
        --query=PolicyVersion.Document --output=json >"found/$1.json"
}
save_version "$exported"

# IAM keeps five versions. One that is deleted cannot be restored, as ids are never used again. So that is not done here.
if [ "$(printf '%s\n' "$versions" | wc -l)" -ge 5 ]; then
    oldest=$(printf '%s\n' "$versions" | grep -vx "$exported" | sort -k 1.2n | sed 1q)
    save_version "$oldest"
    fail "the policy has five versions, as many as IAM keeps. Nothing was changed.
Delete one and run this again. rollback.sh cannot restore it. The oldest is saved in found/$oldest.json:
    aws iam delete-policy-version --policy-arn=$arn --version-id=$oldest"
fi

# The new version takes effect at once wherever the policy is attached.
run aws iam create-policy-version --policy-arn="$arn" --policy-document="file://$new" --set-as-default
printf 'Applied. rollback.sh restores what was.\n'
