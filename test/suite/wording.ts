/**
 * Where Redis 7.2 says something in other words than 7.0, whose suite this is, the tests are told the words of 7.2: in
 * the copy of the suite, and only then is the rest of such a test looked at.
 */

import { join } from "node:path";

/** By file: what is written otherwise from 7.2 on. Each has to be found. */
const WORDS: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  "tests/unit/acl.tcl": [
    [/\*NOPERM\*channels\*/g, "*NOPERM*channel*"],
    // Every user has this flag or its contrary.
    [/user hpuser on nopass resetchannels/g, "user hpuser on nopass sanitize-payload resetchannels"],
    // Rules are kept as they were given, though they change nothing.
    [/assert_equal \{\+@all\} \$cmdstr/g, "assert_equal {+@all +client|id} $cmdstr"],
    [/"This user has(.*?)" +(\[r ACL DRYRUN )(\S+)/g, '"User $3 has$1" $2$3'],
  ],
  "tests/unit/acl-v2.tcl": [
    [/\*NOPERM\*keys\*/g, "*NOPERM*key*"],
    [/"This user has(.*?)" +(\[r ACL DRYRUN )(\S+)/g, '"User $3 has$1" $2$3'],
  ],
};

/** Puts the words of 7.2 into a copy of the suite. */
export async function speakAs72(work: string): Promise<void> {
  for (const [file, changes] of Object.entries(WORDS)) {
    const path = join(work, file);
    let source = await Bun.file(path).text();
    for (const [words, now] of changes) {
      const changed = source.replace(words, now);
      if (changed === source) throw new Error(`${path} has nothing like ${words}`);
      source = changed;
    }
    await Bun.write(path, source);
  }
}
