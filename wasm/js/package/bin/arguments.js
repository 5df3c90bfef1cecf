// The command line: the flags of `vpcguard check`, but for --cluster. What is wrong with it is said in the same words.
import { parseArgs } from "node:util";

import { wrongFormat } from "./outputs.js";

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
  -q, --quiet                   Report only what is wrong: denials, warnings and errors, and what was left out of what is read
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
      --compare-to <PATH>       Report only what is worse than in these manifests; what they have and PATH does not is judged as its
                                deletion
      --deleted <PATH>          Judge the deletion of the objects in these manifests, unless PATH has them; may be repeated
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

/** The flags, in the words of the native command: with `value` those that take one, which may not be `""` but where it is a text. */
const FLAGS = {
  format: { value: "FORMAT[=FILE]", isMultiple: true, isText: true },
  output: { value: "FILE" },
  quiet: { short: "q" },
  color: { value: "WHEN", choices: ["auto", "always", "never"] },
  select: { value: "RULE", isMultiple: true, isText: true },
  ignore: { value: "RULE", isMultiple: true, isText: true },
  state: { value: "PATH", isMultiple: true },
  settings: { value: "FILE" },
  config: { value: "FILE", excludes: ["no-config"] },
  "config-root": { value: "DIR" },
  "no-config": {},
  "cluster-of": { value: "GLOB=NAME", isMultiple: true, isText: true },
  "fail-on": { value: "LEVEL", choices: ["warning"] },
  baseline: { value: "FILE", excludes: ["write-baseline"] },
  "write-baseline": { value: "FILE" },
  "compare-to": { value: "PATH" },
  deleted: { value: "PATH", isMultiple: true },
  fix: {},
  diff: { needs: "fix", excludes: ["format", "write-baseline"] },
  "strict-files": {},
  "allow-empty": {},
  exclude: { value: "GLOB", isMultiple: true, isText: true },
  "no-ignore": {},
  help: { short: "h" },
  version: { short: "V" },
};

const OPTIONS = Object.fromEntries(
  Object.entries(FLAGS).map(([name, { value, short }]) => {
    const type = value === undefined ? "boolean" : "string";
    return [name, short === undefined ? { type } : { type, short }];
  }),
);

const PATHS = "<PATH>...";

/** How like a word another must be to be taken for it. */
const ALIKE = 0.7;

/** What is given, as the native command takes it and complains of it. */
export function readArguments(args) {
  // In the order in which they come.
  const [given, paths] = [new Map(), []];
  for (const token of tokensOf(args)) {
    if (token.kind === "positional") paths.push(path(token.value));
    if (token.kind === "option") take(given, token);
    if (given.has("help") || given.has("version")) break;
  }
  const several = Object.keys(FLAGS).filter((name) => FLAGS[name].isMultiple).map((name) => [name, []]);
  const options = { color: "auto", ...Object.fromEntries(several), ...Object.fromEntries(given), paths };
  if (options.help || options.version) return options;
  for (const [name] of given) {
    const others = [...given.keys()].filter((other) => excludes(name, other) || excludes(other, name));
    if (others.length === 1) throw new UsageError(`the argument '${shown(name)}' cannot be used with '${shown(others[0])}'`);
    if (others.length > 1) {
      const list = others.map((other) => `\n  ${shown(other)}`).join("");
      throw new UsageError(`the argument '${shown(name)}' cannot be used with:${list}`);
    }
  }
  const missing = [...given.keys()].map((name) => FLAGS[name].needs).filter((name) => name !== undefined && !given.has(name));
  const needed = [...missing.map(shown), ...(paths.length === 0 ? [PATHS] : [])].map((name) => `\n  ${name}`).join("");
  if (needed !== "") throw new UsageError(`the following required arguments were not provided:${needed}`);
  return options;
}

/** What Node finds in arguments; it judges none of it. */
function tokensOf(args) {
  return parseArgs({ args, options: OPTIONS, strict: false, tokens: true, allowPositionals: true }).tokens;
}

function path(written) {
  if (written === "") throw new UsageError(needsValue(PATHS));
  return written;
}

function take(given, token) {
  const { name } = token;
  known(token);
  const { value, isMultiple } = FLAGS[name];
  if (value === undefined && token.value !== undefined) {
    throw new UsageError(`unexpected value '${token.value}' for '${shown(name)}' found; no more were expected`);
  }
  const taken = value === undefined ? true : checked(name, valueOf(token));
  if (isMultiple) return given.set(name, [...(given.get(name) ?? []), taken]);
  if (given.has(name)) throw new UsageError(`the argument '${shown(name)}' cannot be used multiple times`);
  return given.set(name, taken);
}

/** The value of a flag that takes one: not the flag behind it. */
function valueOf({ name, value, inlineValue }) {
  const [next] = inlineValue || value === undefined ? [] : tokensOf([value]);
  if (next?.kind === "option") known(next);
  if (value !== undefined && (next === undefined || next.kind === "positional")) return value;
  throw new UsageError(needsValue(shown(name), FLAGS[name].choices));
}

/** Throws of what is no flag at all. */
function known({ name, rawName }) {
  if (Object.hasOwn(FLAGS, name)) return;
  throw unexpected(rawName, rawName.startsWith("--") ? Object.keys(FLAGS).map((flag) => `--${flag}`) : []);
}

function checked(name, value) {
  const { choices, isText } = FLAGS[name];
  if (value === "" && !isText) throw new UsageError(needsValue(shown(name), choices));
  const invalid = `invalid value '${value}' for '${shown(name)}'`;
  if (choices !== undefined && !choices.includes(value)) {
    const similar = nearest(value, choices);
    const tip = similar === undefined ? "" : `\n\n  tip: a similar value exists: '${similar}'`;
    throw new UsageError(`${invalid}${possible(choices)}${tip}`);
  }
  const wrong = name === "format" ? wrongFormat(value) : undefined;
  if (wrong !== undefined) throw new UsageError(`${invalid}: ${wrong}`);
  return value;
}

function shown(name) {
  const { value } = FLAGS[name];
  return value === undefined ? `--${name}` : `--${name} <${value}>`;
}

function excludes(name, other) {
  return FLAGS[name].excludes?.includes(other) ?? false;
}

function needsValue(what, choices) {
  return `a value is required for '${what}' but none was supplied${choices === undefined ? "" : possible(choices)}`;
}

function possible(choices) {
  return `\n  [possible values: ${choices.join(", ")}]`;
}

function unexpected(written, known) {
  const similar = nearest(written, known);
  const tip = similar === undefined ? `to pass '${written}' as a value, use '-- ${written}'` : `a similar argument exists: '${similar}'`;
  return new UsageError(`unexpected argument '${written}' found\n\n  tip: ${tip}`);
}

/** The known word that is most like one, if any is. */
function nearest(word, known) {
  const bare = (text) => text.replace(/^--/, "");
  const likenesses = known.map((other) => [jaro(bare(word), bare(other)), other]);
  const [likeness, best] = likenesses.reduce((best, next) => (next[0] > best[0] ? next : best), [0]);
  return likeness > ALIKE ? best : undefined;
}

/** The likeness of Jaro, from 0 to 1. */
function jaro(a, b) {
  const [left, right] = [[...a], [...b]];
  if (left.length === 0 || right.length === 0) return left.length === right.length ? 1 : 0;
  const reach = Math.max(0, Math.floor(Math.max(left.length, right.length) / 2) - 1);
  const taken = right.map(() => false);
  const matched = left.filter((character, at) => {
    const from = Math.max(0, at - reach);
    const found = right.findIndex((other, index) => index >= from && index <= at + reach && !taken[index] && other === character);
    if (found >= 0) taken[found] = true;
    return found >= 0;
  });
  if (matched.length === 0) return 0;
  const crossed = right.filter((_, at) => taken[at]).filter((character, at) => character !== matched[at]).length / 2;
  const count = matched.length;
  return (count / left.length + count / right.length + (count - crossed) / count) / 3;
}
