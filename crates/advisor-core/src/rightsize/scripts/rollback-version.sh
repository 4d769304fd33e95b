
# Is the default version as in the account export or as proposed?
version=$(default_version "$arn")
if [ -z "$version" ]; then fail "$arn does not exist. Nothing was changed."; fi
if [ "$version" != "$exported" ]; then
    same=$(compare_version "$arn" "$version" "$new")
    if [ "$same" != True ]; then fail "the default version, $version, is not the one of $new. $advice"; fi
    same=$(compare_version "$arn" "$exported" "$today")
    if [ "$same" != True ]; then
        fail "$exported is gone. Nothing was changed. Its document is in $today. To make a new version of it:
    aws iam create-policy-version --policy-arn=$arn --policy-document='file://$today' --set-as-default"
    fi
    run aws iam set-default-policy-version --policy-arn="$arn" --version-id="$exported"
fi

# Delete what apply.sh made: a version that is not in the account export, and is the proposed one.
versions=$(list list-policy-versions --policy-arn="$arn" --query='Versions[].VersionId')
for version in $versions; do
    case " $exported_versions " in *" $version "*) continue ;; esac
    same=$(compare_version "$arn" "$version" "$new")
    if [ "$same" = True ]; then
        run aws iam delete-policy-version --policy-arn="$arn" --version-id="$version"
    fi
done
rm -rf found
printf 'Restored what was.\n'
