/**
 * What this build is: the version of package.json, and the commit it was built from.
 *
 * The build script replaces the REDBUN_* names below by literals (`--define`). Run from source they do not exist,
 * which `typeof` tells without an error; then the fields say so with the values that Redis uses for an unknown commit.
 */
import packageJson from "../../package.json";

declare const REDBUN_GIT_SHA1: string | undefined;
declare const REDBUN_GIT_DIRTY: number | undefined;
declare const REDBUN_BUILD_ID: string | undefined;

export const buildInfo = {
  /** redbun's own version, e.g. "0.1.0". */
  version: packageJson.version,
  /** First 8 hex digits of the commit, "00000000" when unknown (INFO redis_git_sha1). */
  gitSha1: typeof REDBUN_GIT_SHA1 === "string" ? REDBUN_GIT_SHA1 : "00000000",
  /** 1 when the tree had uncommitted changes (INFO redis_git_dirty). */
  gitDirty: typeof REDBUN_GIT_DIRTY === "number" ? REDBUN_GIT_DIRTY : 0,
  /** 16 hex digits that differ between builds of different sources (INFO redis_build_id). */
  buildId: typeof REDBUN_BUILD_ID === "string" ? REDBUN_BUILD_ID : "0000000000000000",
} as const;
