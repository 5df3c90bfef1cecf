// The command line: the flags of `vpcguard check`, but for --cluster.
import { parseArgs } from "node:util";

/** Wrong usage: exit code 2, and how it is done. */
export class UsageError extends Error {}

export const USAGE = `Check manifests: files, directories, patterns, or - for standard input

Usage: vpcguard-check [OPTIONS] <PATH>...

Arguments:
  <PATH>...  Files, directories, patterns such as 'manifests/**/*.yaml', or - for standard input

Options:
      --format <FORMAT>        How to write the report [default: human]
                               [possible values: human, json, sarif, junit, github, gitlab]
      --state <PATH>           Objects that the cluster has already; they are not reviewed themselves
      --settings <FILE>        Settings, in YAML or JSON
      --fail-on <LEVEL>        Exit with 3 if there are warnings that nobody excused [possible values: warning]
      --baseline <FILE>        Leave out the findings that this file lists
      --write-baseline <FILE>  Write all findings to this file, for --baseline, instead of reporting them
      --compare-to <PATH>      Report only what is worse than in these manifests
      --fix                    Fix what can be fixed without a doubt in the files, then check them
      --strict-files           Make an error of what is not a Kubernetes object, which is else left out and noted
      --allow-empty            Exit with 0 where there is nothing to check
  -h, --help                   Print help
  -V, --version                Print version
`;

const OPTIONS = {
  format: { type: "string", default: "human" },
  state: { type: "string", multiple: true, default: [] },
  settings: { type: "string" },
  "fail-on": { type: "string" },
  baseline: { type: "string" },
  "write-baseline": { type: "string" },
  "compare-to": { type: "string" },
  fix: { type: "boolean", default: false },
  "strict-files": { type: "boolean", default: false },
  "allow-empty": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
  version: { type: "boolean", short: "V", default: false },
};

export function readArguments(args) {
  const { values, positionals: paths } = parse(args);
  if (values.help || values.version) return { ...values, paths };
  if (paths.length === 0) throw new UsageError("name at least one file or directory, or - for standard input");
  if (values["fail-on"] !== undefined && values["fail-on"] !== "warning") {
    throw new UsageError(`--fail-on: invalid value '${values["fail-on"]}': use warning`);
  }
  if (values.baseline !== undefined && values["write-baseline"] !== undefined) {
    throw new UsageError("--baseline and --write-baseline cannot be used together");
  }
  return { ...values, paths };
}

function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // What it throws says which argument is wrong, and why.
    if (error.code?.startsWith("ERR_PARSE_ARGS")) throw new UsageError(error.message);
    throw error;
  }
}
