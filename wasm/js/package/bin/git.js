// What git knows of a directory: which files it tracks, and what it ignores. The native command asks the same.
import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** What would make git look at another repository than at the one that was found, or read names in another way. */
const LEADS_ASTRAY = [
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_DIR",
  "GIT_GLOB_PATHSPECS",
  "GIT_ICASE_PATHSPECS",
  "GIT_IMPLICIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_LITERAL_PATHSPECS",
  "GIT_NAMESPACE",
  "GIT_NOGLOB_PATHSPECS",
  "GIT_OBJECT_DIRECTORY",
  "GIT_PREFIX",
  "GIT_WORK_TREE",
];

/** That it starts no program, and that files that one machine alone ignores are not ignored. */
const ALWAYS = ["-c", "core.fsmonitor=false", "-c", "core.excludesFile="];

/** Why git has no answer. */
export class Unasked extends Error {}

/** Whether a work tree begins in a directory. */
export function beginsIn(directory) {
  return existsSync(join(directory, ".git"));
}

/** A directory in a work tree. */
export class Place {
  /** Where a directory is; nothing if it is in no work tree. */
  static of(path) {
    const directory = realpathSync(path);
    for (let root = directory; ; root = dirname(root)) {
      if (beginsIn(root)) return new Place(root, relative(root, directory).replaceAll(sep, "/"));
      if (root === dirname(root)) return undefined;
    }
  }

  constructor(root, inside) {
    this.root = root;
    this.inside = inside;
  }

  /** Tracked files and submodules, as seen from the directory, and whether it is ignored itself. */
  ask() {
    const inside = `./${this.inside}`;
    const listed = this.#git(["--literal-pathspecs", "ls-files", "-z", "--stage", "--", inside]);
    if (listed.status !== 0) throw new Unasked(reason(listed));
    const known = { files: [], repositories: [], isIgnored: false };
    const start = this.inside === "" ? "" : `${this.inside}/`;
    for (const line of listed.stdout.toString().split("\0")) {
      const tab = line.indexOf("\t");
      const path = line.slice(tab + 1);
      if (tab === -1 || !path.startsWith(start)) continue;
      // An index that somebody has made by hand leads anywhere.
      if (path.slice(start.length).split("/").some((part) => part === "" || part === "." || part === "..")) continue;
      (line.startsWith("160000") ? known.repositories : known.files).push(path.slice(start.length));
    }
    if (this.inside !== "") {
      const asked = this.#git(["check-ignore", "--quiet", "--no-index", "--", inside]);
      if (asked.status !== 0 && asked.status !== 1) throw new Unasked(reason(asked));
      known.isIgnored = asked.status === 0;
    }
    return known;
  }

  /** Which of some paths, as seen from the directory, are ignored. Those above them are not. */
  ignored(paths) {
    const start = this.inside === "" ? "./" : `./${this.inside}/`;
    const input = paths.map((path) => `${start}${path}\0`).join("");
    const asked = this.#git(["check-ignore", "--verbose", "-z", "--stdin", "--no-index"], input);
    if (asked.status !== 0 && asked.status !== 1) throw new Unasked(reason(asked));
    const fields = asked.stdout.toString().split("\0");
    const ignored = new Set();
    // Of each: the file, its line, the pattern, the path.
    for (let at = 3; at < fields.length; at += 4) {
      if (!fields[at - 1].startsWith("!")) ignored.add(fields[at].slice(start.length));
    }
    return ignored;
  }

  #git(args, input) {
    const env = { ...process.env };
    for (const name of LEADS_ASTRAY) delete env[name];
    // It looks no further up than we did, fetches nothing, writes nothing, asks nobody, and speaks plainly.
    env.GIT_CEILING_DIRECTORIES = this.root === dirname(this.root) ? "" : dirname(this.root);
    Object.assign(env, { GIT_ALLOW_PROTOCOL: "none", GIT_NO_LAZY_FETCH: "1", GIT_OPTIONAL_LOCKS: "0" });
    Object.assign(env, { GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" });
    // On Windows a program of this name that lies in the repository is not meant.
    process.env.NoDefaultCurrentDirectoryInExePath = "1";
    const ended = spawnSync("git", [...ALWAYS, ...args], {
      cwd: this.root,
      env,
      input: input ?? "",
      maxBuffer: Infinity,
      windowsHide: true,
    });
    if (ended.error?.code === "ENOENT") throw new Unasked("there is no program git");
    if (ended.error !== undefined && ended.status === null) throw new Unasked("the program git does not start");
    return ended;
  }
}

/** Why git failed: the first line of what it says. */
function reason({ stderr }) {
  const line = stderr.toString().split("\n")[0].replace(/^(fatal|error): /, "").replace(/\r$/, "");
  return line === "" ? "git failed" : `git: ${line}`;
}
