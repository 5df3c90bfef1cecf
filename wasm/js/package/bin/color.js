// Whether to use colours, by the same signs as the native command.

export function isColoured(stream, env) {
  if (env.NO_COLOR) return false;
  if (env.CLICOLOR_FORCE && env.CLICOLOR_FORCE !== "0") return true;
  if (env.CLICOLOR === "0") return false;
  return Boolean(stream.isTTY) && (env.CI !== undefined || env.CLICOLOR !== undefined || knowsColours(env.TERM));
}

function knowsColours(terminal) {
  return process.platform === "win32" ? terminal !== "dumb" : terminal !== undefined && terminal !== "dumb";
}
