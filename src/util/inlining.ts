/**
 * Says to the JIT compiler what it cannot know: which calls go to a different function each time.
 *
 * It inlines what a call has called so far. A server that gets one kind of command at first has that command's handler
 * compiled into the dispatcher, into whoever calls that, and so on up to the socket handler: five times; and all of them
 * anew when another command comes. What is kept out of line is compiled once, and its callers are compiled once, too.
 */

import * as jsc from "bun:jsc";

// The types name fewer functions than there are.
const noInline = (jsc as { noInline?: (target: CallableFunction) => void }).noInline;

/** From now on the function is called, and never compiled into its callers. */
export function keepOutOfLine(target: CallableFunction): void {
  noInline?.(target);
}
