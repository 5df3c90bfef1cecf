// Manifests from files, directories, globs and standard input: which, and in which order, as `vpcguard check` does it.
import { chmodSync, closeSync, fstatSync, mkdtempSync, openSync, readSync, realpathSync, renameSync, rmSync } from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { getSystemErrorMap } from "node:util";

import { Exclude } from "./exclude.js";
import { isPattern, matches } from "./glob.js";
import { LeftOut, bytewise } from "./left-out.js";
import { Refused } from "./refused.js";
import { filesBelow } from "./walk.js";

/** The argument that stands for standard input. */
export const STDIN = "-";

/** What of a file is read at most. A cluster's objects are less; a device never ends. */
const MOST = 256 * 2 ** 20;

/** What is read in one go. */
const PIECE = 64 * 2 ** 10;

/** Finds files, and knows what it has left out. */
export class Files {
  constructor({ exclude, all }) {
    this.manner = { exclude: new Exclude(exclude), all, leftOut: new LeftOut() };
    /** What there is, by the one path that leads there through no link, and the names under which it was found. */
    this.names = new Map();
  }

  /** The names under which files were found more than once, together those of one file. */
  same() {
    const paths = [...this.names.keys()].sort(bytewise);
    return paths.map((path) => this.names.get(path)).filter((names) => names.length > 1);
  }

  /** The files that were found and are to be written, each with the flag that says so. */
  overwritten(targets) {
    return targets.flatMap(({ flag, path }) => (this.names.get(known(path)) ?? []).map((file) => ({ file, flag })));
  }

  /** What was left out so far and may be missed, a note each. */
  notes() {
    return this.manner.leftOut.notes();
  }

  /** Reads what paths stand for. What cannot be read does not stop the rest: it is in `problems`, a line each. */
  collect(paths) {
    const sources = [];
    const problems = [];
    const files = paths.flatMap((path) => this.#filesOf(path, problems));
    for (const file of this.#once(files)) {
      try {
        sources.push(read(file));
      } catch (error) {
        problems.push(problem(file, error));
      }
    }
    return { sources, problems };
  }

  /** The files without those that were there before by the same path. */
  #once(files) {
    const taken = new Set();
    return files.filter((file) => {
      const there = file === STDIN ? undefined : whereItLeads(file);
      // Of what is not there it is said when it is read.
      if (there === undefined) return true;
      const whole = resolve(file);
      if (taken.has(whole)) return false;
      taken.add(whole);
      const names = this.names.get(there) ?? [];
      if (!names.includes(file)) this.names.set(there, [...names, file]);
      return true;
    });
  }

  #filesOf(path, problems) {
    if (isDirectory(path)) return this.#filesBelow(path, problems);
    return path !== STDIN && isPattern(path) ? this.#filesThatMatch(path, problems) : [path];
  }

  #filesBelow(path, problems) {
    const { files, errors } = filesBelow(path, this.manner);
    problems.push(...errors.map(([at, error]) => problem(at, error)));
    return files;
  }

  #filesThatMatch(pattern, problems) {
    const known = problems.length;
    let files = [];
    let excluded = false;
    try {
      files = matches(pattern).flatMap((path) => {
        const isFolder = isDirectory(path);
        if (!this.manner.exclude.namesAnyOf(path, isFolder)) return isFolder ? this.#filesBelow(path, problems) : [path];
        excluded = true;
        return [];
      });
      if (files.length === 0 && problems.length === known) {
        problems.push(`${pattern}: ${excluded ? "every file that matches is excluded" : "no file matches"}`);
      }
    } catch (error) {
      problems.push(error instanceof SyntaxError ? `${pattern}: ${error.message}` : problem(error.path, error));
    }
    // A pattern may name a directory and what is in it.
    return [...new Set(files)].sort(bytewise);
  }
}

/** What is said of targets that stand for the same file as one of these that are named, a line each. */
export function overwriting(targets, named) {
  return targets.flatMap(({ flag, path }) => {
    const there = known(path);
    const found = there === undefined ? undefined : named.find((name) => known(name) === there);
    return found === undefined ? [] : [`${flag}: ${found} is read here, and would be overwritten: name another file`];
  });
}

/** What there is now, if it is a file, by the one path that leads there through no link. Nothing is lost of a device. */
function known(path) {
  const there = whereItLeads(path);
  return there !== undefined && statSync(there, { throwIfNoEntry: false })?.isFile() ? there : undefined;
}

function whereItLeads(path) {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Reads one file. */
export function read(path) {
  if (path === STDIN) return { name: "<stdin>", bytes: allOf(0) };
  // Opening some of them would wait for somebody who writes.
  refuse(path);
  const file = openSync(path);
  try {
    if (fstatSync(file).size > MOST) throw tooLarge();
    return { name: path, bytes: allOf(file) };
  } finally {
    closeSync(file);
  }
}

/** All there is, unless it is too much. */
function allOf(file) {
  const pieces = [];
  for (let left = MOST; ; ) {
    const piece = Buffer.allocUnsafe(PIECE);
    const count = readSome(file, piece);
    if (count === 0) return Buffer.concat(pieces);
    left -= count;
    if (left < 0) throw tooLarge();
    pieces.push(piece.subarray(0, count));
  }
}

function readSome(file, piece) {
  for (;;) {
    try {
      return readSync(file, piece);
    } catch (error) {
      // How a pipe ends on Windows.
      if (error.code === "EOF") return 0;
      if (error.code !== "EAGAIN") throw error;
      // Nothing else is to be done meanwhile.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function tooLarge() {
  return new Refused("it has more than 256 MiB, and no more is read of a file");
}

/** Throws if what a path leads to is not to be opened. */
function refuse(path) {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind?.isSocket()) throw new Refused("it is a socket, and not a file");
  if (kind?.isBlockDevice()) throw new Refused("it is a block device, and not a file");
  // A pipe that the shell has opened, as <(command) or /dev/stdin, has no name of its own, or one in /dev.
  if (kind?.isFIFO() && hasName(path)) throw new Refused("it is a FIFO, and not a file: give it as standard input (-)");
}

function hasName(path) {
  try {
    return !/^\/(dev|proc)(\/|$)/.test(realpathSync(path));
  } catch {
    return false;
  }
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
  // A device or a pipe stays what it is: nothing can take its place.
  if (known !== undefined && !known.isFile() && !known.isDirectory()) return writeFileSync(path, content, { flag: "r+" });
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
  if (error instanceof Refused) return `${path}: ${error.message}`;
  const [, message] = getSystemErrorMap().get(error.errno) ?? [];
  if (message === undefined) throw error;
  return `${path}: ${message[0].toUpperCase()}${message.slice(1)} (os error ${-error.errno})`;
}

function isDirectory(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
