/**
 * Libraries of functions, as files bring them. redbun does not run functions yet, but what it writes in the place of a
 * file must not have lost them: their texts are kept, and what an append-only file says of them is done.
 */

import type { Request } from "../../resp/request";
import { copyOfRange, equalsIgnoreCase, latin1 } from "../../util/bytes";
import { isPayload, PAYLOAD_FOOTER_BYTES } from "./dump";
import { RdbError, RdbInput } from "./rdb-input";
import { ITEM_LIBRARY, RdbReader } from "./rdb-reader";

/** The first line of a library. */
const NAME = /^#!\S+[^\n]*?\sname=(\S+)/;
/** More of a library than its first line ever takes. */
const LINE_BYTES_MAX = 1024;

export class FunctionLibraries {
  private readonly byName = new Map<string, Buffer>();

  /** The texts, in the order in which they came. */
  get texts(): readonly Buffer[] {
    return [...this.byName.values()];
  }

  clear(): void {
    this.byName.clear();
  }

  /** Keeps a library; one of the same name only if it is to be replaced. */
  add(text: Buffer, replace: boolean): void {
    const line = latin1(text, 0, Math.min(text.length, LINE_BYTES_MAX));
    const name = NAME.exec(line)?.[1] ?? line;
    if (replace || !this.byName.has(name)) this.byName.set(name, text);
  }

  /**
   * Does what the command FUNCTION says, as servers write it into append-only files: LOAD, DELETE, FLUSH, RESTORE. False
   * if the request is none of these.
   */
  replay(request: Request): boolean {
    const { buf, starts, ends, argc } = request;
    if (argc < 2 || !equalsIgnoreCase(buf, starts[0], ends[0], "function")) return false;
    const args = Array.from({ length: argc - 2 }, (_, i) => copyOfRange(buf, starts[i + 2], ends[i + 2]));
    switch (latin1(buf, starts[1], ends[1]).toLowerCase()) {
      case "load":
        return this.replayLoad(args);
      case "delete":
        if (args.length !== 1) return false;
        this.byName.delete(args[0].toString("latin1"));
        return true;
      case "flush":
        this.clear();
        return true;
      case "restore":
        return this.replayRestore(args);
      default:
        return false;
    }
  }

  private replayLoad(args: readonly Buffer[]): boolean {
    const text = args.at(-1);
    if (text === undefined || args.length > 2) return false;
    this.add(text, args.length === 2 && wordOf(args[0]) === "replace");
    return true;
  }

  /** The payload holds libraries as a file does. */
  private replayRestore(args: readonly Buffer[]): boolean {
    if (args.length === 0 || args.length > 2) return false;
    const [payload] = args;
    const policy = args.length === 2 ? wordOf(args[1]) : "append";
    if (!isPayload(payload, 0, payload.length, true)) return false;
    const texts = librariesIn(payload);
    if (texts === null) return false;
    if (policy === "flush") this.clear();
    for (const text of texts) this.add(text, policy === "replace");
    return true;
  }
}

function wordOf(arg: Buffer): string {
  return arg.toString("latin1").toLowerCase();
}

/** The libraries in the payload of FUNCTION DUMP; null if it is damaged. */
function librariesIn(payload: Buffer): Buffer[] | null {
  const input = RdbInput.ofBytes(payload, 0, payload.length - PAYLOAD_FOOTER_BYTES);
  const reader = new RdbReader(input);
  const texts: Buffer[] = [];
  try {
    while (input.left > 0) {
      if (reader.next() !== ITEM_LIBRARY) return null;
      texts.push(reader.library);
    }
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    return null;
  }
  return texts;
}
