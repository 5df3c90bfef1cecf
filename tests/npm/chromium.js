// The corpus in a headless Chromium: chromium.js PACKAGE CASES SAID
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { chromium } from "playwright-core";

const [, , folder, cases, said] = process.argv;
const files = {
  "/": ["text/html", Buffer.from("<!doctype html><title>vpcguard</title>")],
  "/run.js": ["text/javascript", readFileSync(join(import.meta.dirname, "run.js"))],
  "/cases.json": ["application/json", readFileSync(cases)],
  "/web.js": ["text/javascript", readFileSync(join(folder, "web.js"))],
  "/vpcguard_bg.wasm": ["application/wasm", readFileSync(join(folder, "vpcguard_bg.wasm"))],
};
const server = createServer((request, response) => {
  const [type, content] = files[request.url] ?? ["text/plain", ""];
  response.writeHead(type === "text/plain" ? 404 : 200, { "content-type": type }).end(content);
}).listen(0, "127.0.0.1");
await once(server, "listening");

const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
// What is opened is ours, and who is root has no sandbox.
const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const result = await page.evaluate(async () => {
    const [{ default: init, ...vpcguard }, { run }] = await Promise.all([import("/web.js"), import("/run.js")]);
    await init();
    const cases = await (await fetch("/cases.json")).json();
    return JSON.stringify(run(vpcguard, cases));
  });
  writeFileSync(said, result);
} finally {
  await browser.close();
  server.close();
}
