// Manifests from files, directories, globs and standard input: which, and in which order, as `vpcguard check` does it.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync } from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { getSystemErrorMap } from "node:util";

import { isPattern, matches } from "./glob.js";

/** The argument that stands for standard input. */
export const STDIN = "-";

/** What is taken from a directory; a file that is named itself may be called anything. */
const EXTENSIONS = [".yaml", ".yml", ".json"];

/** Reads what paths stand for. What cannot be read does not stop the rest: it is in `problems`, a line each. */
export function collect(paths) {
  const sources = [];
  const problems = [];
  for (const path of paths) {
    for (const file of filesOf(path, problems)) {
      try {
        sources.push(read(file));
      } catch (error) {
        problems.push(problem(file, error));
      }
    }
  }
  return { sources, problems };
}

/** Reads one file. */
export function read(path) {
  return path === STDIN ? { name: "<stdin>", bytes: readFileSync(0) } : { name: path, bytes: readFileSync(path) };
}

/** Reads one file, without which nothing can be said. */
export function one(path) {
  try {
    return read(path);
  } catch (error) {
    throw new Error(problem(path, error));
  }
}

/** Writes a file whole or not at all. One that is there keeps its permissions, and a link stays a link. */
export function replace(path, content) {
  const known = statSync(path, { throwIfNoEntry: false });
  const target = known === undefined ? path : realpathSync(path);
  const folder = mkdtempSync(join(dirname(target), ".vpcguard-"));
  try {
    const file = join(folder, "new");
    writeFileSync(file, content, { flush: true });
    if (known !== undefined) chmodSync(file, known.mode);
    renameSync(file, target);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What went wrong with a file, in the words of the native command. */
export function problem(path, error) {
  const [, message] = getSystemErrorMap().get(error.errno) ?? [];
  if (message === undefined) throw error;
  return `${path}: ${message[0].toUpperCase()}${message.slice(1)} (os error ${-error.errno})`;
}

function filesOf(path, problems) {
  if (isDirectory(path)) return filesBelow(path, problems);
  return path !== STDIN && isPattern(path) ? filesThatMatch(path, problems) : [path];
}

function filesThatMatch(pattern, problems) {
  const known = problems.length;
  let files = [];
  try {
    files = matches(pattern).flatMap((path) => (isDirectory(path) ? filesBelow(path, problems) : [path]));
    if (files.length === 0 && problems.length === known) problems.push(`${pattern}: no file matches`);
  } catch (error) {
    problems.push(error instanceof SyntaxError ? `${pattern}: ${error.message}` : problem(error.path, error));
  }
  // A pattern may name a directory and what is in it.
  return [...new Set(files)].sort(bytewise);
}

function filesBelow(path, problems) {
  const files = [];
  const directories = [path];
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    try {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        // A volume of a ConfigMap has its files as links into ..data: they are read once, as the links.
        if (entry.name.startsWith("..")) continue;
        const below = directory.endsWith(sep) ? directory + entry.name : directory + sep + entry.name;
        if (entry.isDirectory()) directories.push(below);
        // Links to directories are not followed, for they may lead round.
        else if (isManifest(entry.name) && !(entry.isSymbolicLink() && isDirectory(below))) files.push(below);
      }
    } catch (error) {
      problems.push(problem(directory, error));
    }
  }
  return files.sort(bytewise);
}

function bytewise(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function isDirectory(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isManifest(name) {
  // A file that is called only ".yaml" has no extension.
  return EXTENSIONS.some((extension) => name.endsWith(extension) && name.length > extension.length);
}
