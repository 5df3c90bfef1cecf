// The command line: the flags of `vpcguard check`, but for --cluster.
import { parseArgs } from "node:util";

/** Wrong usage: exit code 2, and how it is done. */
export class UsageError extends Error {}

export const USAGE = `Check manifests: files, directories, patterns, or - for standard input

Usage: vpcguard-check [OPTIONS] <PATH>...

Arguments:
  <PATH>...  Files, directories, patterns such as 'manifests/**/*.yaml', or - for standard input

Options:
      --format <FORMAT[=FILE]>  How to write the report [default: human]; as FORMAT=FILE a further one to a file, any number of times
                                [possible values: human, json, sarif, junit, github, gitlab]
      --output <FILE>           Write to this file what else goes to standard output
  -q, --quiet                   Report only what is wrong: denials, warnings and errors, without notes, injections and the summary
      --color <WHEN>            Whether the report for people has colours; auto goes by the terminal, NO_COLOR and CLICOLOR_FORCE
                                [default: auto] [possible values: auto, always, never]
      --select <RULE>           Only these rules report; any number of times, or separated by commas
      --ignore <RULE>           These rules do not report
      --state <PATH>            Objects that the cluster has already; they are not reviewed themselves
      --settings <FILE>         Settings, in YAML or JSON, or the values of the Helm chart
      --config <FILE>           The configuration, in place of the .vpcguard.yaml that is found from the working directory upward
      --config-root <DIR>       Where the globs of the configuration begin, in place of its folder
      --no-config               Take no configuration
      --cluster-of <GLOB=NAME>  Judge the files that match apart, as those of a cluster of this name; repeat it, and the first that
                                matches counts
      --fail-on <LEVEL>         Exit with 3 if there are warnings that nobody excused [possible values: warning]
      --baseline <FILE>         Leave out the findings that this file lists
      --write-baseline <FILE>   Write all findings to this file, for --baseline, instead of reporting them
      --compare-to <PATH>       Report only what is worse than in these manifests
      --fix                     Fix what can be fixed without a doubt in the files, then check them
      --diff                    Show what --fix would write as a unified diff, and write and check nothing
      --strict-files            Make an error of what is not a Kubernetes object, which is else left out and noted
      --allow-empty             Exit with 0 where there is nothing to check
      --exclude <GLOB>          Leave out files and directories that this pattern names, as in a .gitignore of the working directory
      --no-ignore               Read hidden files, node_modules, templates of charts and what .gitignore names as well
  -h, --help                    Print help
  -V, --version                 Print version

Exit codes:
  0  nothing would be refused
  1  at least one object would be refused; with --diff, something would be fixed
  2  wrong usage, nothing to check, or something could not be read or written
  3  there are warnings that nobody excused, and --fail-on warning was given

Examples:
  vpcguard-check manifests/
  helm template my-chart | vpcguard-check --state cluster.yaml -
  vpcguard-check --format github --format sarif=vpcguard.sarif manifests/
  vpcguard-check --select subnet-cidr-overlap,vpc-peering manifests/
  vpcguard-check --fix --diff manifests/
`;

/** When there are colours. */
const WHEN = ["auto", "always", "never"];

const OPTIONS = {
  format: { type: "string", multiple: true, default: [] },
  output: { type: "string" },
  quiet: { type: "boolean", short: "q", default: false },
  color: { type: "string", default: "auto" },
  select: { type: "string", multiple: true, default: [] },
  ignore: { type: "string", multiple: true, default: [] },
  state: { type: "string", multiple: true, default: [] },
  settings: { type: "string" },
  config: { type: "string" },
  "config-root": { type: "string" },
  "no-config": { type: "boolean", default: false },
  "cluster-of": { type: "string", multiple: true, default: [] },
  "fail-on": { type: "string" },
  baseline: { type: "string" },
  "write-baseline": { type: "string" },
  "compare-to": { type: "string" },
  fix: { type: "boolean", default: false },
  diff: { type: "boolean", default: false },
  "strict-files": { type: "boolean", default: false },
  "allow-empty": { type: "boolean", default: false },
  exclude: { type: "string", multiple: true, default: [] },
  "no-ignore": { type: "boolean", default: false },
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
  if (!WHEN.includes(values.color)) {
    throw new UsageError(`--color: invalid value '${values.color}': use ${WHEN.join(", ")}`);
  }
  if (values.diff && !values.fix) throw new UsageError("--diff needs --fix");
  for (const [flag, isGiven] of [["format", values.format.length > 0], ["write-baseline", values["write-baseline"] !== undefined]]) {
    if (values.diff && isGiven) throw new UsageError(`--diff and --${flag} cannot be used together`);
  }
  if (values.config !== undefined && values["no-config"]) {
    throw new UsageError("--config and --no-config cannot be used together");
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
