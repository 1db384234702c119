/** Every error text that a client can see, in one place. Texts are Redis's: clients match on them. */

import { formatFixed } from "../util/fixed";

export const SYNTAX_ERROR = "ERR syntax error";
export const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
export const NOT_A_FLOAT = "ERR value is not a valid float";
export const NO_SUCH_KEY = "ERR no such key";
export const OUT_OF_RANGE = "ERR value is out of range";
export const NOT_POSITIVE = "ERR value is out of range, must be positive";
export const DB_INDEX_OUT_OF_RANGE = "ERR DB index is out of range";
export const OUT_OF_INT32 = "ERR value is out of range, value must between -2147483648 and 2147483647";
export const OUT_OF_INT64 =
  "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
export const SAME_OBJECT = "ERR source and destination objects are the same";
export const INVALID_CURSOR = "ERR invalid cursor";
export const EXPIRE_NX_CONFLICT = "ERR NX and XX, GT or LT options at the same time are not compatible";
export const EXPIRE_GT_LT_CONFLICT = "ERR GT and LT options at the same time are not compatible";
const TAKES_TIME =
  "Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";
export const LFU_SELECTED = `ERR An LFU maxmemory policy is selected, idle time not tracked. ${TAKES_TIME}`;
export const LFU_NOT_SELECTED = `ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${TAKES_TIME}`;
export const NO_AUTH = "NOAUTH Authentication required.";
export const WRONG_PASS = "WRONGPASS invalid username-password pair or user is disabled.";
export const AUTH_WITHOUT_PASSWORD =
  "ERR AUTH <password> called without any password configured for the default user. " +
  "Are you sure your configuration is correct?";
export const NO_PROTO = "NOPROTO unsupported protocol version";
export const HELLO_NO_AUTH =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> " +
  "option can be used to authenticate the client and select the RESP protocol version at the same time";
export const INVALID_CLIENT_NAME = "ERR Client names cannot contain spaces, newlines or special characters.";
export const NO_KEY_ARGUMENTS = "ERR The command has no key arguments";
export const INVALID_COMMAND = "ERR Invalid command specified";
export const INVALID_COMMAND_ARITY = "ERR Invalid number of arguments specified for command";
function notAllowed(name: string): string {
  const directive = `enable-${name.toLowerCase()}-command`;
  return (
    `ERR ${name} command not allowed. If the ${directive} option is set to "local", you can run it from a local ` +
    "connection, otherwise you need to set this option in the configuration file, and then restart the server."
  );
}

export const DEBUG_NOT_ALLOWED = notAllowed("DEBUG");
export const MODULE_NOT_ALLOWED = notAllowed("MODULE");
export const MODULE_LOAD_FAILED = "ERR Error loading the extension. Please check the server logs.";
export const NO_SUCH_MODULE = "ERR Error unloading module: no such module with that name";
export const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
export const PROTECTED_MODE =
  "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the " +
  "default user. In this mode connections are only accepted from the loopback interface. If you want to connect " +
  "from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode " +
  "sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the " +
  "same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. " +
  "Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by " +
  "editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the " +
  "server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' " +
  "option. 4) Set up an authentication password for the default user. NOTE: You only need to do one of the above " +
  "things in order for the server to start accepting connections from the outside.\r\n";
export const TIMEOUT_NOT_A_FLOAT = "ERR timeout is not a float or out of range";
export const TIMEOUT_NOT_AN_INTEGER = "ERR timeout is not an integer or out of range";
export const TIMEOUT_NEGATIVE = "ERR timeout is negative";
export const TIMEOUT_OUT_OF_RANGE = "ERR timeout is out of range";
export const UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
export const NESTED_MULTI = "ERR MULTI calls can not be nested";
export const WATCH_INSIDE_MULTI = "ERR WATCH inside MULTI is not allowed";
export const EXEC_WITHOUT_MULTI = "ERR EXEC without MULTI";
export const DISCARD_WITHOUT_MULTI = "ERR DISCARD without MULTI";
export const EXEC_ABORTED = "EXECABORT Transaction discarded because of previous errors.";
export const SSUBSCRIBE_DENIED = "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client";
/** Redis counts those who monitor among its replicas. */
export const MONITOR_KEEPS_OFF = "ERR Replica can't interact with the keyspace";
export const MONITOR_DENIED = "ERR MONITOR isn't allowed for DENY BLOCKING client";
export const NOT_IN_MULTI = "ERR Command not allowed inside a transaction";
export const NO_SHUTDOWN = "ERR No shutdown in progress.";
export const SHUTDOWN_FAILED = "ERR Errors trying to SHUTDOWN. Check logs.";
export const MAX_CLIENTS = "-ERR max number of clients reached\r\n";

/** `command` as the client should see it: lower case, "config|get" for a subcommand. */
export function wrongArity(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

/** What a client that listens to channels may not do in RESP2. */
export function notWhileSubscribed(command: string): string {
  return (
    `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this ` +
    "context"
  );
}

/** EXEC itself was refused; `error` is the reason. */
export function execRefused(error: string): string {
  return `EXECABORT Transaction discarded because of: ${error.startsWith("ERR ") ? error.slice(4) : error}`;
}

export function unknownCommand(name: string, args: string[]): string {
  let beginning = "";
  for (const arg of args) {
    if (beginning.length >= 128) break;
    beginning += `'${shown(arg, 128 - beginning.length)}' `;
  }
  return `ERR unknown command '${shown(name, 128)}', with args beginning with: ${beginning}`;
}

/** As much of an argument as an error shows of it: Redis's format strings end at a NUL. */
export function shown(argument: string, limit = Number.POSITIVE_INFINITY): string {
  const nul = argument.indexOf("\0");
  return argument.slice(0, nul < 0 ? limit : Math.min(nul, limit));
}

/** `container` in upper case. */
export function unknownSubcommand(container: string, subcommand: string): string {
  return `ERR unknown subcommand '${shown(subcommand, 128)}'. Try ${container} HELP.`;
}

/** `container` in upper case: a container that resolves its subcommands itself knows none with so many arguments. */
export const SLOWLOG_COUNT = "ERR count should be greater than or equal to -1";

export function noLatencySamples(event: string): string {
  return `ERR No samples available for event '${shown(event, 128)}'`;
}

export function subcommandSyntax(container: string, subcommand: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${shown(subcommand, 128)}'. Try ${container} HELP.`;
}

export function invalidExpire(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

// --- ACL -----------------------------------------------------------------------------------------------------------

// What is wrong with a rule: a part of the errors below.
export const ACL_UNKNOWN_COMMAND = "Unknown command or category name in ACL";
export const ACL_SYNTAX = "Syntax error";
export const ACL_KEYS_AFTER_ALL =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try " +
  "'resetkeys' to start with an empty list of patterns";
export const ACL_CHANNELS_AFTER_ALL =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try " +
  "'resetchannels' to start with an empty list of channels";
export const ACL_FIRST_ARGUMENT_OF_SUBCOMMAND = "Allowing first-arg of a subcommand is not supported";
export const ACL_BAD_HASH =
  "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
export const ACL_NO_SUCH_PASSWORD = "The password you are trying to remove from the user does not exist";

export const ACL_USERNAME_WITH_SPACES = "ERR Usernames can't contain spaces or null characters";
export const ACL_DEFAULT_USER_STAYS = "ERR The 'default' user cannot be removed";
export const ACL_NO_FILE =
  "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER " +
  "command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users " +
  "in the Redis configuration.";
export const ACL_SAVE_FAILED =
  "ERR There was an error trying to save the ACLs. Please check the server logs for more information";
export const ACL_GENPASS_BITS =
  "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096";
export const SORT_BY_DENIED = "ERR BY option of SORT denied due to insufficient ACL permissions.";
export const SORT_GET_DENIED = "ERR GET option of SORT denied due to insufficient ACL permissions.";

export function aclUnmatchedParenthesis(argument: string): string {
  return `ERR Unmatched parenthesis in acl selector starting at '${shown(argument, argument.length)}'.`;
}

export function aclModifier(rule: string, error: string): string {
  return `ERR Error in ACL SETUSER modifier '${shown(rule, rule.length)}': ${error}`;
}

export function aclUnknownCategory(category: string): string {
  return `ERR Unknown category '${shown(category, 128)}'`;
}

export function aclUserNotFound(user: string): string {
  return `ERR User '${shown(user, user.length)}' not found`;
}

export function aclCommandNotFound(command: string): string {
  return `ERR Command '${shown(command, command.length)}' not found`;
}

/** What ACL DRYRUN answers, and with "NOPERM" before it the error of a command. */
export function commandDenied(user: string, command: string): string {
  return `User ${user} has no permissions to run the '${command}' command`;
}

export function keyDenied(user: string, key: string): string {
  return `User ${user} has no permissions to access the '${key}' key`;
}

export function channelDenied(user: string, channel: string): string {
  return `User ${user} has no permissions to access the '${channel}' channel`;
}

export const NO_KEY_PERMISSION = "NOPERM No permissions to access a key";
export const NO_CHANNEL_PERMISSION = "NOPERM No permissions to access a channel";

/** `reason` says what a queued command may not do any more. */
export function deniedInExec(reason: string): string {
  return (
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is " +
    `no longer allowed for the following reason: ${reason}`
  );
}

// --- persistence ---------------------------------------------------------------------------------------------------

/** Redis says no more where the log does. */
export const GENERIC = "ERR";
export const LOADING = "LOADING Redis is loading the dataset in memory";
export const BGSAVE_IN_PROGRESS = "ERR Background save already in progress";
export const WAITAOF_LOCAL_RANGE = "ERR value is out of range, value must between 0 and 1";
export const WAITAOF_WITHOUT_AOF = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
export const CHILD_ACTIVE =
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE " +
  "whenever possible.";
export const REWRITE_IN_PROGRESS = "ERR Background append only file rewriting already in progress";
export const REWRITE_FAILED =
  "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.";

/** The append-only file cannot be written; `reason` is what the system says. */
export function aofWriteError(reason: string): string {
  return `MISCONF Errors writing to the AOF file: ${reason}`;
}

export const MISCONF =
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may " +
  "modify the data set are disabled, because this instance is configured to report errors during writes if RDB " +
  "snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.";
export const MIGRATE_KEY_NOT_EMPTY =
  "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string";
export const MIGRATE_NO_CONNECTION = "IOERR error or timeout connecting to the client";
export const migrateBroken = (doing: string): string => `IOERR error or timeout ${doing} to target instance`;
export const migrateRefused = (error: string): string => `ERR Target instance replied with error: ${error}`;
export const INVALID_ARGUMENTS = "ERR Invalid arguments specified for command";
export const BUSY_KEY = "BUSYKEY Target key name already exists.";
export const INVALID_TTL = "ERR Invalid TTL value, must be >= 0";
export const INVALID_IDLETIME = "ERR Invalid IDLETIME value, must be >= 0";
export const INVALID_FREQ = "ERR Invalid FREQ value, must be >= 0 and <= 255";
export const BAD_PAYLOAD = "ERR DUMP payload version or checksum are wrong";
export const BAD_DATA_FORMAT = "ERR Bad data format";
export const RELOAD_OPTIONS = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
export const NO_SAVE = "ERR There is neither a BGSAVE nor an AOF rewrite to kill.";
export const RELOAD_FAILED = "ERR Error trying to load the RDB dump, check server logs.";

// --- strings -------------------------------------------------------------------------------------------------------

export const STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
export const OFFSET_OUT_OF_RANGE = "ERR offset is out of range";
export const INCREMENT_OVERFLOW = "ERR increment or decrement would overflow";
export const DECREMENT_OVERFLOW = "ERR decrement would overflow";
export const INCREMENT_NOT_FINITE = "ERR increment would produce NaN or Infinity";
export const LCS_NOT_STRINGS = "ERR The specified keys must contain string values";
export const LCS_LEN_AND_IDX = "ERR If you want both the length and indexes, please just use IDX.";
export const LCS_OUT_OF_MEMORY = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";

// --- lists ---------------------------------------------------------------------------------------------------------

export const INDEX_OUT_OF_RANGE = "ERR index out of range";
export const LPOS_RANK_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  "or use negative to start from the end of the list";
export const LPOS_COUNT_NEGATIVE = "ERR COUNT can't be negative";
export const LPOS_MAXLEN_NEGATIVE = "ERR MAXLEN can't be negative";
export const COUNT_NOT_POSITIVE = "ERR count should be greater than 0";

// --- bitmaps -------------------------------------------------------------------------------------------------------

export const BIT_OFFSET_OUT_OF_RANGE = "ERR bit offset is not an integer or out of range";
export const BIT_OUT_OF_RANGE = "ERR bit is not an integer or out of range";
export const BIT_NOT_0_OR_1 = "ERR The bit argument must be 1 or 0.";
export const BITOP_NOT_OF_ONE = "ERR BITOP NOT must be called with a single source key.";
export const BITFIELD_TYPE =
  "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.";
export const BITFIELD_OVERFLOW = "ERR Invalid OVERFLOW type specified";
export const BITFIELD_RO_ONLY_GET = "ERR BITFIELD_RO only supports the GET subcommand";

// --- HyperLogLog ---------------------------------------------------------------------------------------------------

export const HLL_INVALID = "WRONGTYPE Key is not a valid HyperLogLog string value.";
export const HLL_CORRUPTED = "INVALIDOBJ Corrupted HLL object detected";
export const HLL_NOT_SPARSE = "ERR HLL encoding is not sparse";
export const PFDEBUG_NO_KEY = "ERR The specified key does not exist";

export function unknownPfdebug(subcommand: string): string {
  return `ERR Unknown PFDEBUG subcommand '${shown(subcommand, subcommand.length)}'`;
}

export function hllTestFailed(failure: string): string {
  return `ERR TESTFAILED ${failure}`;
}

// --- geo -----------------------------------------------------------------------------------------------------------

export const UNIT_UNSUPPORTED = "ERR unsupported unit provided. please use M, KM, FT, MI";
export const RADIUS_NOT_NUMERIC = "ERR need numeric radius";
export const RADIUS_NEGATIVE = "ERR radius cannot be negative";
export const WIDTH_NOT_NUMERIC = "ERR need numeric width";
export const HEIGHT_NOT_NUMERIC = "ERR need numeric height";
export const BOX_NEGATIVE = "ERR height or width cannot be negative";
export const NOT_A_POSITION = "ERR could not decode requested zset member";
export const GEO_COUNT_NOT_POSITIVE = "ERR COUNT must be > 0";
export const ANY_WITHOUT_COUNT = "ERR the ANY argument requires COUNT argument";

export function invalidPosition(longitude: number, latitude: number): string {
  return `ERR invalid longitude,latitude pair ${sixDecimals(longitude)},${sixDecimals(latitude)}`;
}

/** As C's %f. */
function sixDecimals(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  return Math.abs(value) < 1e21 ? formatFixed(value, 6) : `${BigInt(value)}.000000`;
}

/** `what` stores: a command, or an option of one. */
export function storeWithExtras(what: string): string {
  return `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
}

/** `command` as the client wrote it. */
export function needsCenter(command: string): string {
  return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`;
}

export function needsArea(command: string): string {
  return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${command}`;
}

// --- sets ----------------------------------------------------------------------------------------------------------

export const NUMKEYS_NOT_POSITIVE = "ERR numkeys should be greater than 0";
export const NUMKEYS_TOO_LARGE = "ERR Number of keys can't be greater than number of args";
export const LIMIT_NEGATIVE = "ERR LIMIT can't be negative";

// --- SORT ----------------------------------------------------------------------------------------------------------

export const SORT_NOT_A_NUMBER = "ERR One or more scores can't be converted into double";

// --- hashes --------------------------------------------------------------------------------------------------------

export const HASH_VALUE_NOT_AN_INTEGER = "ERR hash value is not an integer";
export const HASH_VALUE_NOT_A_FLOAT = "ERR hash value is not a float";
export const FLOAT_NOT_FINITE = "ERR value is NaN or Infinity";
export const OUT_OF_LONG = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
export const EXPIRE_NEGATIVE = "ERR invalid expire time, must be >= 0";
export const FIELDS_MISSING = "ERR Mandatory argument FIELDS is missing or not at the right position";
export const FIELDS_COUNT_MISMATCH = "ERR The `numfields` parameter must match the number of arguments";
export const FIELDS_COUNT_NOT_POSITIVE = "ERR Number of fields must be a positive integer";
export const HEXPIRE_COUNT_NOT_POSITIVE = "ERR Parameter `numFields` should be greater than 0";
export const HSETEX_COUNT_INVALID = "ERR invalid number of fields";
export const HSETEX_ONE_CONDITION = "ERR Only one of FXX or FNX arguments can be specified";
export const HSETEX_ONE_EXPIRY = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";

export function unknownArgument(argument: string): string {
  return `ERR unknown argument: ${shown(argument, argument.length)}`;
}

// --- streams -------------------------------------------------------------------------------------------------------

export const INVALID_STREAM_ID = "ERR Invalid stream ID specified as stream command argument";
export const INVALID_INTERVAL_START = "ERR invalid start ID for the interval";
export const INVALID_INTERVAL_END = "ERR invalid end ID for the interval";
export const MAXLEN_AND_MINID = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";
export const MAXLEN_NEGATIVE = "ERR The MAXLEN argument must be >= 0.";
export const TRIM_LIMIT_NEGATIVE = "ERR The LIMIT argument must be >= 0.";
export const LIMIT_WITHOUT_TRIMMING = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
export const LIMIT_WITHOUT_APPROXIMATE = "ERR syntax error, LIMIT cannot be used without the special ~ option";
export const TRIM_WITHOUT_STRATEGY = "ERR syntax error, XTRIM must be called with a trimming strategy";
export const XADD_ID_ZERO = "ERR The ID specified in XADD must be greater than 0-0";
export const XADD_ID_TOO_SMALL = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
export const STREAM_EXHAUSTED = "ERR The stream has exhausted the last possible ID, unable to add more items";
export const ENTRY_TOO_LARGE = "ERR Elements are too large to be stored";
export const ENTRIES_ADDED_NEGATIVE = "ERR entries_added must be positive";
export const XSETID_BELOW_GIVEN_DELETED =
  "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id";
export const XSETID_BELOW_DELETED = "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
export const XSETID_BELOW_LAST = "ERR The ID specified in XSETID is smaller than the target stream top item";
export const ENTRIES_ADDED_BELOW_LENGTH =
  "ERR The entries_added specified in XSETID is smaller than the target stream length";
export const GROUP_ONLY_XREADGROUP = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.";
export const NOACK_ONLY_XREADGROUP = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.";
export const MISSING_GROUP = "ERR Missing GROUP option for XREADGROUP";
export const LAST_ID_IN_GROUP =
  "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by " +
  "specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.";
export const NEW_ID_WITHOUT_GROUP =
  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.";
export const GROUP_NEEDS_STREAM =
  "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM " +
  "option to create an empty stream automatically.";
export const GROUP_EXISTS = "BUSYGROUP Consumer Group name already exists";
export const ENTRIES_READ_NEGATIVE = "ERR value for ENTRIESREAD must be positive or -1";
export const XAUTOCLAIM_COUNT = "ERR COUNT must be > 0";
export const XAUTOCLAIM_COUNT_TOO_HIGH = "ERR Insufficient memory, failed allocating transient memory, COUNT too high.";

/** `command` in lower case; `id` is what may stand for an ID in it. */
export function unbalancedStreams(command: string, id: string): string {
  return `ERR Unbalanced '${command}' list of streams: for each stream key an ID or '${id}' must be specified.`;
}

export function noGroup(key: string, group: string): string {
  return `NOGROUP No such key '${shown(key, key.length)}' or consumer group '${shown(group, group.length)}'`;
}

export function noGroupToRead(key: string, group: string): string {
  return `${noGroup(key, group)} in XREADGROUP with GROUP option`;
}

export function noGroupOfKey(key: string, group: string): string {
  return `NOGROUP No such consumer group '${shown(group, group.length)}' for key name '${shown(key, key.length)}'`;
}

/** `option` is "IDLE" or another, `command` in upper case. */
export function invalidClaimOption(option: string, command: string): string {
  return `ERR Invalid ${option} argument for ${command}`;
}

export function unknownClaimOption(option: string): string {
  return `ERR Unrecognized XCLAIM option '${shown(option, option.length)}'`;
}

// --- sorted sets ---------------------------------------------------------------------------------------------------

export const ZADD_NX_AND_XX = "ERR XX and NX options at the same time are not compatible";
export const ZADD_GT_LT_NX = "ERR GT, LT, and/or NX options at the same time are not compatible";
export const ZADD_INCR_ONE_PAIR = "ERR INCR option supports a single increment-element pair";
export const SCORE_NOT_A_NUMBER = "ERR resulting score is not a number (NaN)";
export const SCORE_RANGE_INVALID = "ERR min or max is not a float";
export const LEX_RANGE_INVALID = "ERR min or max not valid string range item";
export const RANGE_LIMIT_BY_RANK =
  "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
export const RANGE_WITHSCORES_BY_LEX = "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
export const POP_COUNT_NOT_POSITIVE = "ERR count should be greater than 0";
export const WEIGHT_NOT_A_FLOAT = "ERR weight value is not a float";

/** `command` in lower case. */
export function noInputKey(command: string): string {
  return `ERR at least 1 input key is needed for '${command}' command`;
}

// --- CLIENT TRACKING -------------------------------------------------------------------------------------------------

export const TRACKING_ONE_REDIRECT = "ERR A client can only redirect to a single other client";
export const TRACKING_NO_REDIRECT = "ERR The client ID you want redirect to does not exist";
export const TRACKING_PREFIX_WITHOUT_BCAST = "ERR PREFIX option requires BCAST mode to be enabled";
export const TRACKING_BCAST_SWITCH =
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a " +
  "different mode.";
export const TRACKING_BCAST_OPT = "ERR OPTIN and OPTOUT are not compatible with BCAST";
export const TRACKING_OPTIN_OPTOUT = "ERR You can't specify both OPTIN mode and OPTOUT mode";
export const TRACKING_OPT_SWITCH =
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a " +
  "different mode.";
export const CACHING_WITHOUT_TRACKING =
  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";
export const CACHING_YES_WITHOUT_OPTIN = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
export const CACHING_NO_WITHOUT_OPTOUT = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";

/** `kind`: "an existing" or "another provided". */
export function trackingOverlap(prefix: string, kind: string, other: string): string {
  // As C prints them: to the first zero byte.
  const shown = (text: string): string => text.split("\0", 1)[0];
  return (
    `ERR Prefix '${shown(prefix)}' overlaps with ${kind} prefix '${shown(other)}'. ` +
    "Prefixes for a single client must not overlap."
  );
}
