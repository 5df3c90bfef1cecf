// Which files of a directory are manifests to be read: admission/src/files/walk.rs, for where only Node is.
import { lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";

import { Place, Unasked, beginsIn } from "./git.js";
import { bytewise } from "./left-out.js";
import { Refused } from "./refused.js";

/** What is taken from a directory; a file that is named itself may be called anything. */
const EXTENSIONS = [".yaml", ".yml", ".json"];

/** What is said of a link that is not followed. */
const LEADS_OUT = "it is a link that leads out of what is read here: name it to have it read";

/** The manifests in a directory and below, bytewise by path; and what could not be read, by path. */
export function filesBelow(directory, manner) {
  const walk = new Walk(manner, boundsOf(directory));
  walk.takeAll(directory);
  const files = [...walk.files].sort(bytewise);
  return { files, errors: walk.errors.sort(([a], [b]) => bytewise(a, b)) };
}

/** One walk. `manner` has what is excluded, whether all is read, and what was left out. */
class Walk {
  constructor({ exclude, all, leftOut }, bounds) {
    Object.assign(this, { exclude, all, leftOut, bounds });
    this.files = new Set();
    this.errors = [];
    /** Of directories on the way to tracked files, whether they are directories themselves, and not links to some. */
    this.directories = new Map();
  }

  /** Takes a directory, and the repositories in it, each by its own rules. */
  takeAll(root) {
    const seen = new Set([root]);
    // Of a submodule in a folder that is left out only what it tracks is taken.
    const left = [[root, true]];
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [directory, whole] = next;
      const { place, known } = this.#ask(directory);
      const nested = whole ? this.#take(directory, known?.isIgnored === false ? place : undefined) : [];
      for (const repository of nested.sort(bytewise)) {
        if (!seen.has(repository)) left.push([repository, true]);
        seen.add(repository);
      }
      for (const file of known?.files ?? []) {
        const path = below(directory, file);
        if (isManifest(basename(path)) && !this.files.has(path) && this.#leadsTo(directory, file, false) && this.#isTaken(path)) {
          this.files.add(path);
        }
      }
      for (const repository of known?.repositories ?? []) {
        const path = below(directory, repository);
        if (seen.has(path) || !beginsIn(path) || !this.#leadsTo(directory, repository, true)) continue;
        seen.add(path);
        left.push([path, false]);
      }
    }
  }

  /** What git knows of a directory; nothing if it is in no repository, or it is of no interest. */
  #ask(directory) {
    if (this.all) return {};
    try {
      const place = Place.of(directory);
      return { place, known: place?.ask() };
    } catch (error) {
      if (error instanceof Unasked) this.leftOut.unasked.set(directory, error.message);
      // What cannot be read is said when it is.
      else if (error.errno === undefined) throw error;
      return {};
    }
  }

  /** Takes what is neither hidden nor, if there is somebody to ask, ignored. Says which repositories there are, and leaves them. */
  #take(root, git) {
    const repositories = [];
    let level = [{ path: root, place: this.exclude.place(root), inside: "" }];
    while (level.length > 0) {
      const entries = level.flatMap((directory) => this.#entries(directory)).filter((entry) => this.#opens(entry));
      const ignored = this.#ignored(git, root, entries);
      level = [];
      for (const entry of entries.filter(({ inside }) => !ignored.has(inside))) {
        const { path, isDirectory } = entry;
        if (!isDirectory) {
          if (this.#isTaken(path)) this.files.add(path);
        } else if (this.all) level.push(entry);
        else if (isTemplates(path)) this.leftOut.charts.add(dirname(path));
        else if (beginsIn(path)) repositories.push(path);
        else level.push(entry);
      }
    }
    return repositories;
  }

  /** Directories and manifests. A link to a directory is neither: it is not followed, for it may lead round. */
  #entries({ path: directory, place, inside }) {
    try {
      return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
        const { name } = entry;
        const path = below(directory, name);
        const isDirectory = entry.isDirectory();
        // Node has no name for it that it could be read by.
        if (isManifest(name) && name.includes("\ufffd") && stat(lstatSync, path) === undefined) {
          this.errors.push([path, new Refused("its name is not UTF-8, and cannot be read here: rename it")]);
          return [];
        }
        if (!isDirectory && !(isManifest(name) && isReadable(path))) return [];
        const within = inside === "" ? name : `${inside}/${name}`;
        return [{ name, path, isDirectory, inside: within, place: this.exclude.below(place, name) }];
      });
    } catch (error) {
      this.errors.push([directory, error]);
      return [];
    }
  }

  #opens({ name, place, isDirectory }) {
    // A volume of a ConfigMap has its files as links into ..data: they are read once, as the links.
    if (name.startsWith("..") || name === ".git") return false;
    if (!this.all && (name.startsWith(".") || name === "node_modules")) return false;
    return !this.exclude.names(place, isDirectory);
  }

  #ignored(git, root, entries) {
    if (git === undefined || entries.length === 0) return new Set();
    try {
      return git.ignored(entries.map(({ inside }) => inside));
    } catch (error) {
      if (!(error instanceof Unasked)) throw error;
      this.leftOut.unasked.set(root, error.message);
      return new Set();
    }
  }

  /** Whether a file is one that may be read. Whoever makes a link out of a repository has what is there printed, or rewritten. */
  #isTaken(path) {
    if (!isReadable(path)) return false;
    if (this.bounds === undefined || !stat(lstatSync, path)?.isSymbolicLink()) return true;
    const target = stat(realpathSync, path);
    if (target === undefined || isWithin(target, this.bounds)) return true;
    this.errors.push([path, new Refused(LEADS_OUT)]);
    return false;
  }

  /** Whether a tracked path is to be taken: nothing on its way is excluded, a link, or a folder of templates. */
  #leadsTo(root, path, isDirectory) {
    let at = root;
    let place = this.exclude.place(root);
    const names = path.split("/");
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1;
      at = below(at, name);
      place = this.exclude.below(place, name);
      if (this.exclude.names(place, isDirectory || !isLast)) return false;
      if (isLast) break;
      if (!this.directories.has(at)) this.directories.set(at, isDirectoryItself(at));
      if (!this.directories.get(at)) return false;
      if (isTemplates(at)) {
        this.leftOut.charts.add(dirname(at));
        return false;
      }
    }
    return true;
  }
}

/** Keeps "./" at the beginning, which `join` takes away. */
function below(directory, path) {
  const start = directory.endsWith(sep) || directory.endsWith("/") ? directory : directory + sep;
  return start + path.replaceAll("/", sep);
}

/** Whether templates of a chart are in a directory. */
function isTemplates(path) {
  if (basename(path) !== "templates") return false;
  return statSync(join(dirname(path), "Chart.yaml"), { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Where the work tree begins that a directory is in; else the directory. */
function boundsOf(directory) {
  try {
    return Place.of(directory)?.root ?? realpathSync(directory);
  } catch {
    return undefined;
  }
}

function isWithin(path, root) {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function isDirectoryItself(path) {
  return stat(lstatSync, path)?.isDirectory() ?? false;
}

/** Whether a file is one, or a link to one; nothing else is opened. Of a link that leads nowhere it is said when it is read. */
function isReadable(path) {
  const itself = stat(lstatSync, path);
  return itself?.isSymbolicLink() ? (stat(statSync, path)?.isFile() ?? true) : (itself?.isFile() ?? false);
}

function stat(how, path) {
  try {
    return how(path);
  } catch {
    return undefined;
  }
}

function isManifest(name) {
  // A file that is called only ".yaml" has no extension.
  return EXTENSIONS.some((extension) => name.endsWith(extension) && name.length > extension.length);
}
