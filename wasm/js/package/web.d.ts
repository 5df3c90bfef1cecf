export * from "./types.js";

/** Loads the WebAssembly. It must have ended before anything else is called. */
export default function init(options?: {
  /** From where, or what: the file beside this module unless told. */
  module_or_path?: string | URL | Request | Response | BufferSource | WebAssembly.Module | Promise<Response>;
}): Promise<unknown>;
