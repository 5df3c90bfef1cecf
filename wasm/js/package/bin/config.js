// `.vpcguard.yaml`, the configuration of a repository: where it is, as `vpcguard check` looks for it.
import { lstatSync } from "node:fs";
import { dirname, sep } from "node:path";

import { readConfig } from "../node.js";
import { one } from "./files.js";

const NAME = ".vpcguard.yaml";

/** The configuration that counts, as a file and as what it says; nothing, where there is none. */
export function configuration(options) {
  const path = options["no-config"] ? undefined : (options.config ?? find());
  if (path === undefined) return {};
  const config = one(path);
  const said = readConfig(config);
  const base = options["config-root"] ?? dirname(path);
  return { config, ...said, excluded: { place: path, base, patterns: said.exclude } };
}

/** The nearest one, from the working directory up to where its work tree begins. What is above is of no business to those below,
    and may be anybody's: in no work tree only the working directory itself counts. */
function find() {
  let folder = directory();
  if (folder === "") return undefined;
  let found;
  for (let above = ""; ; above += `..${sep}`) {
    if (found === undefined && exists(above + NAME)) found = above + NAME;
    if (exists(`${above}.git`)) return found;
    if (dirname(folder) === folder) return found === NAME ? found : undefined;
    folder = dirname(folder);
  }
}

/** The working directory; empty where it is gone. */
export function directory() {
  try {
    return process.cwd();
  } catch {
    return "";
  }
}

function exists(path) {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // Of what may not be looked at, nothing is known.
    return false;
  }
}
