#!/usr/bin/env node
// `vpcguard check` for where only Node is. What it says and how it ends is decided in the WebAssembly, as natively.
import { writeSync } from "node:fs";

import { check, version } from "../node.js";
import { USAGE, UsageError, readArguments } from "./arguments.js";
import { isColoured } from "./color.js";
import { configuration, directory } from "./config.js";
import { Files, STDIN, one, overwriting, problem, replace } from "./files.js";
import { placesOf, targetsOf } from "./outputs.js";

try {
  process.exitCode = run(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) write(2, `error: ${printable(error.message)}\n\nFor more information, try '--help'.\n`);
  else write(2, `${complained(error.message)}\n`);
  process.exitCode = 2;
}

function run(args) {
  const options = readArguments(args);
  if (options.help) return write(1, USAGE);
  if (options.version) return write(1, `vpcguard-check ${version()}\n`);
  const { settings, baseline, config: named, "compare-to": before, "write-baseline": newBaseline } = options;
  const all = [...options.paths, ...options.state, ...options.deleted, settings, baseline, before, named];
  if (all.filter((path) => path === STDIN).length > 1) {
    throw new Error("standard input (-) can be read only once");
  }
  // What is needed for a check at all comes first.
  const { config, settingsFile, excluded } = configuration(options);
  const places = placesOf(options.format, options.output);
  const targets = targetsOf(places, newBaseline);
  const inputs = [...options.paths, ...options.state, ...options.deleted, before, baseline, settings ?? settingsFile, config?.name];
  const wrong = overwriting(targets, inputs.filter((path) => path !== undefined));
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  const [judgedBy, known] = [settings ?? settingsFile, baseline].map((path) => path && one(path));
  const flag = { place: "--exclude", base: "", patterns: options.exclude };
  const files = new Files({ exclude: excluded === undefined ? [flag] : [flag, excluded], all: options["no-ignore"] });
  const needed = {
    config,
    settings: judgedBy,
    baseline: known,
    compareTo: before && complete(files, [before]),
    state: complete(files, options.state),
    deleted: complete(files, options.deleted),
  };
  const { sources, problems } = files.collect(options.paths);
  const checked = check(sources, {
    ...needed,
    format: places.format,
    outputs: places.also.map(({ format }) => format),
    quiet: options.quiet,
    select: options.select,
    ignore: options.ignore,
    failOn: options["fail-on"],
    fix: options.fix,
    diff: options.diff,
    writeBaseline: newBaseline !== undefined,
    strictFiles: options["strict-files"],
    allowEmpty: options["allow-empty"],
    notes: files.notes(),
    problems,
    sameFiles: files.same(),
    overwritten: files.overwritten(targets),
    color: options.color === "auto" ? places.file === undefined && isColoured(process.stdout, process.env) : options.color === "always",
    configRoot: options["config-root"],
    clusterOf: options["cluster-of"],
    directory: directory(),
    paths: options.paths,
    compareToPath: before,
  });
  const complaints = [...checked.complaints];
  const changed = checked.fixed.map(({ name, bytes }) => [name, bytes]);
  if (checked.baseline !== undefined) changed.push([newBaseline, checked.baseline]);
  writeAll(changed, complaints);
  // What was refused as a whole has no report, and leaves that of a run before as it is.
  if (checked.outputs !== undefined) {
    const reports = places.also.map(({ format, file }) => [file, checked.outputs[format]]);
    if (places.file !== undefined) reports.push([places.file, checked.output]);
    writeAll(reports, complaints);
  }
  if (places.file === undefined) write(1, checked.output);
  for (const complaint of complaints) write(2, `${complained(complaint)}\n`);
  return complaints.length > 0 ? 2 : checked.exitCode;
}

/** A line each. */
function complained(text) {
  return printable(text).replace(/^/gm, "error: ");
}

/** Names and keys are whatever a file says, and none of them may move a terminal's cursor. */
function printable(text) {
  return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "\ufffd");
}

/** Writes files, and complains of those that cannot be written. */
function writeAll(files, complaints) {
  for (const [path, content] of files) {
    try {
      replace(path, content);
    } catch (error) {
      complaints.push(problem(path, error));
    }
  }
}

/** What all of these paths stand for; nothing unless all of it can be read. */
function complete(files, paths) {
  const { sources, problems } = files.collect(paths);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return sources;
}

/** Writes all of a text, also into a pipe that is full for a while. A reader that has seen enough is not an error. */
function write(descriptor, text) {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes));
    } catch (error) {
      if (error.code === "EPIPE") return 0;
      if (error.code !== "EAGAIN") throw error;
      // Nothing else is to be done meanwhile.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
  return 0;
}
