// Which paths --exclude names, a line of 0 and 1 for each pattern, or what is wrong with it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, asked, told] = process.argv.slice(2);
const { BadPattern, Exclude } = await import(pathToFileURL(join(folder, "bin/exclude.js")));
const { patterns, paths } = JSON.parse(readFileSync(asked, "utf8"));

function answer(pattern) {
  try {
    const exclude = new Exclude([{ place: "--exclude", base: "", patterns: [pattern] }]);
    return paths.map((path) => Number(exclude.names(exclude.place(path), false))).join("");
  } catch (error) {
    if (error instanceof BadPattern) return error.message;
    throw error;
  }
}

writeFileSync(told, JSON.stringify(patterns.map(answer)));
