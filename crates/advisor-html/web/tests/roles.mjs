// Reports on made-up roles, as many as a test needs.
import { FULL, report, TEST_ACCOUNT } from "./harness.mjs";

/** Roles of two accounts, in folders, with more tags than are suggested. */
export function roles(count) {
  return Array.from({ length: count }, (_, index) => {
    const account = ["111122223333", "444455556666"][index % 2];
    const path = ["/", "/a/", "/a/b/", "/ab/"][index % 4];
    const name = `role-${String(index).padStart(5, "0")}`;
    return {
      Path: path,
      RoleName: name,
      RoleId: `AROA${String(index).padStart(17, "0")}`,
      Arn: `arn:aws:iam::${account}:role${path}${name}`,
      CreateDate: "2024-03-01T09:00:00+00:00",
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] },
      RolePolicyList: [{ PolicyName: "own", PolicyDocument: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "sqs:*", Resource: "*" }] } }],
      AttachedManagedPolicies: [],
      InstanceProfileList: [],
      Tags: [{ Key: "number", Value: String(index) }, { Key: "team", Value: index % 3 === 0 ? "red" : "reddish" }],
    };
  });
}

/** The HTML report on roles. */
export async function reportOn(place, list, ...options) {
  const account = { UserDetailList: [], GroupDetailList: [], RoleDetailList: list, Policies: [] };
  const file = await place.write(`roles-${list.length}.json`, JSON.stringify(account));
  return report(["--account", file, ...TEST_ACCOUNT.slice(2)], ...FULL, "--format", "html", ...options);
}
