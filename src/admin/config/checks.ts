/** What some text directives refuse, with Redis's messages: null means that the text is accepted. */

function isPath(text: string): boolean {
  return text.includes("/") || text.includes("\\");
}

export function checkDbFilename(text: string): string | null {
  return isPath(text) ? "dbfilename can't be a path, just a filename" : null;
}

export function checkAppendFilename(text: string): string | null {
  if (text === "") return "appendfilename can't be empty";
  return isPath(text) ? "appendfilename can't be a path, just a filename" : null;
}

export function checkAppendDirname(text: string): string | null {
  if (text === "") return "appenddirname can't be empty";
  return isPath(text) ? "appenddirname can't be a path, just a dirname" : null;
}

const MAX_HOSTNAME = 256;

export function checkHostname(text: string): string | null {
  if (text.length >= MAX_HOSTNAME) return `Hostnames must be less than ${MAX_HOSTNAME} characters`;
  return /^[A-Za-z0-9.-]*$/.test(text) ? null : "Hostnames may only contain alphanumeric characters, hyphens or dots";
}

/** Without the marks that have a meaning in nodes.conf. */
export function checkNodeName(text: string): string | null {
  return /[!#$%&()*+:;<>?@[\]^{|}~]/.test(text) ? "Announced human node name contained invalid character" : null;
}

/** The variables of `proc-title-template`. */
const TITLE_VARIABLES = ["title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"];

/**
 * The process title that `template` gives: "{name}" is replaced by `value(name)`, "{{" is a "{". Null if the template is
 * malformed or names an unknown variable. White space at both ends is removed.
 */
export function expandTitle(template: string, value: (name: string) => string): string | null {
  let title = "";
  let at = 0;
  for (;;) {
    const open = template.indexOf("{", at);
    if (open < 0) return (title + template.slice(at)).replace(/^ +| +$/g, "");
    title += template.slice(at, open);
    if (template[open + 1] === "{") {
      title += "{";
      at = open + 2;
      continue;
    }
    const close = template.indexOf("}", open);
    if (close < 0) return null;
    const name = template.slice(open + 1, close);
    if (!TITLE_VARIABLES.includes(name)) return null;
    title += value(name);
    at = close + 1;
  }
}

/** Accepted if it is well formed and not empty where every variable but the mode has a value. */
export function checkTitleTemplate(template: string): string | null {
  const title = expandTitle(template, (name) => (name === "title" || name === "server-mode" ? "" : "0"));
  return title === null || title === "" ? "template format is invalid or contains unknown variables" : null;
}
