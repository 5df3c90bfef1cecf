// What --exclude names: patterns as .gitignore has them, with {a,b} besides. The native command reads them by the crates
// `ignore` and `globset`; this reads them alike, in bytes as they do.
import { lstatSync } from "node:fs";
import { relative, resolve, sep } from "node:path";

/** A pattern that names nothing. */
export class BadPattern extends Error {
  constructor(place, pattern, cause) {
    super(`${place}: '${pattern}' is not a pattern as in .gitignore: ${cause}`);
  }
}

const EMPTY = "it is empty, or a comment; a name that begins with # is written \\#";

/** All that is excluded: patterns of several places, each with the directory that they begin in. */
export class Exclude {
  constructor(places) {
    this.groups = places.filter(({ patterns }) => patterns.length > 0).map((place) => new Group(place));
  }

  /** Where a path is. */
  place(path) {
    return this.groups.length === 0 ? "" : resolve(path);
  }

  /** A place below another. */
  below(place, name) {
    if (this.groups.length === 0) return "";
    return place.endsWith(sep) ? place + name : place + sep + name;
  }

  /** Whether a place itself is named. */
  names(place, isDirectory) {
    return this.groups.some((group) => group.names(group.seen(place), isDirectory));
  }

  /** Whether a file, or a directory above it, is named. */
  namesAnyOf(path, isDirectory) {
    const place = this.place(path);
    return this.groups.some((group) => group.namesAnyOf(place, isDirectory));
  }
}

/** The patterns of one place. Of those that match a path the last one counts. */
class Group {
  constructor({ place, base, patterns }) {
    this.base = resolve(base);
    this.globs = patterns.map((pattern) => {
      try {
        if (readLine(bytesOf(pattern)) !== undefined) return readLine(bytesOf(plain(pattern, this.base)));
      } catch (error) {
        if (error instanceof SyntaxError) throw new BadPattern(place, pattern, error.message);
        throw error;
      }
      throw new BadPattern(place, pattern, EMPTY);
    });
    this.globs.reverse();
  }

  /** A place as seen from where the patterns begin; "" if it is there. */
  seen(place) {
    return bytesOf(relative(this.base, place).replaceAll(sep, "/"));
  }

  names(seen, isDirectory) {
    if (seen === "" || seen === ".." || seen.endsWith("/..")) return false;
    const glob = this.globs.find(({ expression, onlyDirectory }) => (isDirectory || !onlyDirectory) && expression.test(seen));
    return glob !== undefined && !glob.negated;
  }

  namesAnyOf(place, isDirectory) {
    const seen = this.seen(place);
    for (let end = seen.indexOf("/"); end !== -1; end = seen.indexOf("/", end + 1)) {
      if (this.names(seen.slice(0, end), true)) return true;
    }
    return this.names(seen, isDirectory);
  }
}

/** What stands for other characters, or for itself only after a backslash. */
const WILD = /[*?[{}\\]/;

/** A pattern as a .gitignore wants it, from what people write who think of paths: without `.` and `..`, and from where it begins
    if it is the whole path. Throws if nothing can match. */
function plain(pattern, base) {
  const [not, path] = pattern.startsWith("!") ? ["!", pattern.slice(1)] : ["", pattern];
  const inside = path.startsWith("/") ? restOf(path, base) : undefined;
  if (inside === undefined) {
    const stem = elsewhere(path, base);
    if (stem !== undefined) {
      throw new SyntaxError(`it begins in ${base}, where there is no ${stem}: write the path from there`);
    }
    if (!path.split("/").some((part) => part === "." || part === "..")) return pattern;
  }
  const trimmed = inside ?? path;
  const parts = [];
  for (const part of trimmed.split("/")) {
    const last = parts.at(-1);
    if (part === "" || part === ".") continue;
    if (part !== ".." || last === undefined || last === "..") parts.push(part);
    else if (WILD.test(last)) throw new SyntaxError("nothing is called ..: write the path without it");
    else parts.pop();
  }
  if (parts.length === 0 || parts.at(-1) === "..") {
    throw new SyntaxError(`it names ${base} or what is above, and only what is in a folder can be left out of it`);
  }
  return `${not}/${parts.join("/")}${trimmed.endsWith("/") ? "/" : ""}`;
}

/** What of a whole path is behind a folder; nothing where it is not in it. */
function restOf(path, folder) {
  const start = folder.replace(/\/+$/, "");
  const rest = path.startsWith(start) ? path.slice(start.length) : undefined;
  return folder !== "/" && (rest === "" || rest?.startsWith("/")) ? rest : undefined;
}

/** The names with which a path begins that is meant from the root of the file system, for there they are, and not where patterns
    begin. One name alone, as `/tmp`, is in many roots, and many a repository. */
function elsewhere(path, base) {
  if (!path.startsWith("/")) return undefined;
  const names = path.slice(1).replace(/\/+$/, "").split("/");
  const end = names.findIndex((name) => WILD.test(name));
  const stem = end < 0 ? names : names.slice(0, end);
  if (stem.length < 2 || stem.some((name) => ["", ".", ".."].includes(name))) return undefined;
  return !exists(resolve(base, ...stem)) && exists(resolve("/", ...stem)) ? stem.join("/") : undefined;
}

function exists(path) {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

function bytesOf(text) {
  return Buffer.from(text).toString("latin1");
}

/** A line of a .gitignore; nothing if it holds no pattern. */
function readLine(line) {
  if (line.startsWith("#")) return undefined;
  line = line.replace(/^((?:\\[^]|[^\\])*?) +$/, "$1");
  const negated = line.startsWith("!");
  if (negated || /^\\[!#]/.test(line)) line = line.slice(1);
  const anchored = line.startsWith("/");
  // What is escaped keeps its slash.
  if (anchored) line = line.slice(1);
  if (line === "") return undefined;
  const onlyDirectory = line.endsWith("/");
  if (onlyDirectory) line = line.slice(0, -1).replace(/\\$/, "");
  if (!anchored && !line.includes("/") && line !== "**") line = `**/${line}`;
  if (line.endsWith("/**")) line += "/*";
  return { expression: new Parser(line).expression(), negated, onlyDirectory };
}

const ONE = "[^/]";
const MANY = "[^/]*";
const ANY_BEFORE = "(?:/?|.*/)";
const ANY_BETWEEN = "(?:/|/.*/)";
const ANY_AFTER = "/.*";
const DEEPEST = 100;

const CLASSES = {
  alnum: "09AZaz",
  alpha: "AZaz",
  blank: "\t\t  ",
  cntrl: "\x00\x1f\x7f\x7f",
  digit: "09",
  graph: "!~",
  lower: "az",
  print: " ~",
  punct: "!/:@[`{~",
  space: "\t\r  ",
  upper: "AZ",
  xdigit: "09AFaf",
};

/** A glob, read as `globset` reads it: into parts, which are expressions. */
class Parser {
  constructor(glob) {
    this.glob = glob;
    this.at = 0;
    this.branches = [[]];
    this.groups = [];
  }

  expression() {
    for (let char = this.next(); char !== undefined; char = this.next()) {
      if (char === "?") this.push(ONE);
      else if (char === "*") this.star();
      else if (char === "[") this.set();
      else if (char === "{") this.open();
      else if (char === "}") this.close();
      else if (char === "," && this.groups.length > 0) this.branches.push([]);
      else if (char === "\\") this.escape();
      else this.push(literal(char));
    }
    if (this.branches.length > 1) {
      throw new SyntaxError("unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)");
    }
    const [parts] = this.branches;
    const all = parts.length === 1 && parts[0] === ANY_BEFORE ? ".*" : parts.join("");
    return new RegExp(`^${all}$`, "s");
  }

  next() {
    const char = this.glob[this.at];
    if (char !== undefined) this.at += 1;
    return char;
  }

  get ahead() {
    return this.glob[this.at];
  }

  get last() {
    return this.branches.at(-1);
  }

  push(part) {
    this.last.push(part);
  }

  open() {
    if (this.groups.length >= DEEPEST) throw new SyntaxError("alternate groups nested too deeply");
    this.groups.push(this.branches.length);
    this.branches.push([]);
  }

  close() {
    const start = this.groups.pop();
    if (start === undefined) {
      throw new SyntaxError("unopened alternate group; missing '{' (maybe escape '}' with '[}]'?)");
    }
    const alternatives = this.branches.splice(start).map((parts) => parts.join(""));
    const some = alternatives.filter((alternative) => alternative !== "");
    this.push(some.length > 0 ? `(?:${some.join("|")})` : "");
  }

  escape() {
    const char = this.next();
    if (char === undefined) throw new SyntaxError("dangling '\\'");
    this.push(literal(char));
  }

  star() {
    const before = this.glob[this.at - 2];
    if (this.ahead !== "*") return this.push(MANY);
    this.at += 1;
    const isBeforeSeparator = this.ahead === undefined || this.ahead === "/";
    if (this.last.length === 0) {
      if (!isBeforeSeparator) return this.push(MANY);
      this.at += 1;
      return this.push(ANY_BEFORE);
    }
    const beginsAlternative = this.branches.length > 1 && (before === "," || before === "{");
    if (before !== "/" && !beginsAlternative) return this.push(MANY);
    const endsAlternative = this.branches.length > 1 && (this.ahead === "," || this.ahead === "}");
    if (!isBeforeSeparator && !endsAlternative) return this.push(MANY);
    const isLast = this.ahead !== "/";
    if (!isLast) this.at += 1;
    const replaced = this.last.pop();
    if (replaced === ANY_BEFORE || replaced === ANY_AFTER) return this.push(replaced);
    return this.push(isLast ? ANY_AFTER : ANY_BETWEEN);
  }

  set() {
    const negated = this.ahead === "!" || this.ahead === "^";
    if (negated) this.at += 1;
    const ranges = [];
    let isFirst = true;
    let isRange = false;
    for (;;) {
      const char = this.next();
      if (char === undefined) throw new SyntaxError("unclosed character class; missing ']'");
      const named = char === "[" && !isRange ? /^:([a-z]{1,8}):\]/.exec(this.glob.slice(this.at)) : null;
      if (char === "]" && !isFirst) break;
      if (char === "-" && !isFirst && !isRange) {
        isRange = true;
      } else if (named !== null && named[1] in CLASSES) {
        this.at += named[0].length;
        ranges.push(...CLASSES[named[1]].match(/../gs));
      } else if (isRange) {
        const from = ranges.pop()[0];
        if (char < from) throw new SyntaxError(`invalid range; '${from}' > '${char}'`);
        ranges.push(from + char);
        isRange = false;
      } else {
        ranges.push(char + char);
      }
      isFirst = false;
    }
    if (isRange) ranges.push("--");
    const listed = ranges.map(([from, to]) => `${literal(from)}-${literal(to)}`).join("");
    // No set has the separator.
    this.push(negated ? `[^/${listed}]` : `(?!/)[${listed}]`);
  }
}

function literal(byte) {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
