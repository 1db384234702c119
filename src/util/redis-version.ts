/** The Redis release that redbun behaves like, and reports: clients choose features by it. */

export const REDIS_VERSION = "7.2.4";
