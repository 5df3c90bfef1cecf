// Patterns, for where no shell expands them: * ? [a-z] [!a-z], and ** for any directories. As in a shell, what begins with a
// dot must be named, and case matters.
import { lstatSync, readdirSync, statSync } from "node:fs";
import { sep } from "node:path";

/** The pattern that a path is, unless there is a file of that name. */
export function isPattern(path) {
  return /[*?[]/.test(path) && lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

/** All paths that match; throws a SyntaxError if it is not a pattern. */
export function matches(pattern) {
  const root = (sep === "/" ? /^\/*/ : /^([A-Za-z]:)?[/\\]*/).exec(pattern)[0];
  const components = pattern.slice(root.length).split(sep === "/" ? "/" : /[/\\]/);
  const found = walk(root, components.filter((component) => component !== ""));
  return components.at(-1) === "" ? found.filter(isDirectory) : found;
}

function walk(base, [component, ...rest]) {
  if (component === undefined) return exists(base) ? [base.replace(/(?<=.)[/\\]$/, "")] : [];
  if (component === "**") {
    const here = rest.length > 0 ? walk(base, rest) : [base.replace(/(?<=.)[/\\]$/, "")].filter((path) => path !== "");
    const below = names(base).filter((name) => !name.startsWith(".") && isRealDirectory(base + name));
    return [...here, ...below.flatMap((name) => walk(base + name + sep, ["**", ...rest]))];
  }
  if (!/[*?[]/.test(component)) return walk(base + component + (rest.length > 0 ? sep : ""), rest);
  const expression = compiled(component);
  const found = names(base).filter((name) => (component.startsWith(".") || !name.startsWith(".")) && expression.test(name));
  if (rest.length === 0) return found.map((name) => base + name);
  return found.filter((name) => isDirectory(base + name)).flatMap((name) => walk(base + name + sep, rest));
}

/** One component as a regular expression. */
function compiled(component) {
  if (component.includes("**")) {
    throw new SyntaxError("recursive wildcards must form a single path component");
  }
  const parts = component.replace(/\[(!?)(\]?[^\]]*)\]|[\s\S]/gu, (part, not, set) => {
    if (set !== undefined && set !== "") return `[${not && "^"}${set.replace(/[\\\]^[&~|]/g, "\\$&")}]`;
    if (part === "[") throw new SyntaxError("invalid range pattern");
    if (part === "*") return ".*";
    return part === "?" ? "." : part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  return new RegExp(`^${parts}$`, "su");
}

function names(directory) {
  try {
    return readdirSync(directory === "" ? "." : directory);
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  }
}

function exists(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isDirectory(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isRealDirectory(path) {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
