/** disable-thp: transparent huge pages are off for the process. */

import { expect, test } from "bun:test";
import { join } from "node:path";
import { REPOSITORY } from "../../support/server";

/** What avoidHugePages() logs in a process of its own, and what the kernel then says of that process. */
async function avoided(setting: string, disableThp: boolean): Promise<{ warned: boolean; mayHave: boolean }> {
  const script = `
    import { readFileSync } from "node:fs";
    import { avoidHugePages } from ${JSON.stringify(join(REPOSITORY, "src/admin/process/huge-pages"))};
    let warned = false;
    avoidHugePages({ disableThp: ${disableThp} }, { warning: () => { warned = true; } }, ${JSON.stringify(setting)});
    const mayHave = readFileSync("/proc/self/status", "latin1").includes("THP_enabled:\\t1");
    console.log(JSON.stringify({ warned, mayHave }));
  `;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" });
  return JSON.parse(await new Response(child.stdout).text());
}

const ALWAYS = "[always] madvise never\n";

test.skipIf(process.platform !== "linux")(
  "disable-thp: huge pages are switched off where everybody would get them",
  async () => {
    expect(await avoided(ALWAYS, true)).toEqual({ warned: false, mayHave: false });
    expect(await avoided(ALWAYS, false)).toEqual({ warned: true, mayHave: true });
    for (const setting of ["always [madvise] never\n", "always madvise [never]\n", ""]) {
      expect(await avoided(setting, true)).toEqual({ warned: false, mayHave: true });
    }
  },
);
