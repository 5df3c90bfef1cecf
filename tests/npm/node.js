// The corpus in Node: node.js PACKAGE CASES SAID
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { run } from "./run.js";

const [, , folder, cases, said] = process.argv;
const vpcguard = await import(pathToFileURL(join(folder, "node.js")));
writeFileSync(said, JSON.stringify(run(vpcguard, JSON.parse(readFileSync(cases, "utf8")))));
