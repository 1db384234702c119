/**
 * Where Redis 7.2 says something in other words than 7.0, whose suite this is, the tests are told the words of 7.2: in
 * the copy of the suite, and only then is the rest of such a test looked at. So they are where they kill a child process.
 */

import { join } from "node:path";

type Changes = readonly (readonly [RegExp, string])[];

/** By file: what is written otherwise from 7.2 on. Each has to be found. */
const WORDS: Readonly<Record<string, Changes>> = {
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

/** What the tests do with a child process, which redbun does not have, and what comes closest to it. By file. */
const CHILDREN: typeof WORDS = {
  "tests/support/util.tcl": [
    // A process to kill: the save is ended at once, and nothing has this number.
    [
      /proc get_child_pid \{idx\} \{\n[^}]*?\n {4}if [\s\S]*?return \$child_pid\n\}/,
      "proc get_child_pid {idx} {\n    [srv $idx client] debug kill-save\n    return 2147483647\n}",
    ],
  ],
  "tests/integration/aof-multi-part.tcl": [[/total_forks/g, "aof_rewrites"]],
  "tests/unit/multi.tcl": [[/total_forks/g, "aof_rewrites"]],
  // Its own process writes the file, under a name that says so.
  "tests/unit/shutdown.tcl": [
    [/\[get_child_pid 0\]/, "[s process_id]"],
    [/temp-\$\{child_pid\}\.rdb/, "temp-bgsave-$${child_pid}.rdb"],
  ],
};

/** What 7.0 gets wrong itself. */
const REPAIRS: typeof WORDS = {
  "tests/integration/aof-race.tcl": [
    // The folder would be emptied before the second server reads it.
    [
      /start_server \[list overrides \$config\] \$code/,
      "start_server [list overrides $config keep_persistence true] $code",
    ],
    // Without a name there is nothing to count.
    [/assert_equal 20000 \[\$client get foo\]/, 'test "AOF race" { assert_equal 20000 [$$client get foo] }'],
    [
      /\n( +)assert_equal 20000 \[\$client get foo\]/,
      '\n$1test "AOF race: after a restart" { assert_equal 20000 [$$client get foo] }',
    ],
  ],
};

/** Puts the words of 7.2, and all of the above, into a copy of the suite. */
export async function speakAs72(work: string): Promise<void> {
  for (const [file, changes] of [WORDS, CHILDREN, REPAIRS].flatMap(Object.entries<Changes>)) {
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
