// What Node loads by `import`.
import vpcguard from "./node.cjs";

export const { check, mutate, readConfig, review, rules, version } = vpcguard;
