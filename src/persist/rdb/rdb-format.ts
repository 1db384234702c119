/**
 * Numbers of the RDB format: they are on disks, and never change. ../README.md draws the file.
 *
 * Version 11 is what redbun writes (Redis 7.2). Version 12 (Redis 7.4 and 8.0) adds hashes whose fields expire, and is
 * written only where there are any.
 */

export const RDB_MAGIC = "REDIS";
export const RDB_VERSION = 11;
export const RDB_VERSION_FIELD_EXPIRY = 12;
/** The newest version that is read. */
export const RDB_VERSION_MAX = 12;
/** Since this version a checksum ends the file, and since RDB_VERSION_LITTLE_ENDIAN_TIMES times are the same everywhere. */
export const RDB_VERSION_CHECKSUM = 5;

// --- opcodes: what stands before a key, or in its place ------------------------------------------------------------

/** Keys of a slot (Redis 8 in cluster mode): three lengths, a hint. */
export const OPCODE_SLOT_INFO = 244;
export const OPCODE_FUNCTION = 245;
/** Library of a release candidate of 7.0. */
export const OPCODE_FUNCTION_PRE_GA = 246;
export const OPCODE_MODULE_AUX = 247;
export const OPCODE_IDLE = 248;
export const OPCODE_FREQ = 249;
export const OPCODE_AUX = 250;
export const OPCODE_RESIZE_DB = 251;
export const OPCODE_EXPIRE_MS = 252;
export const OPCODE_EXPIRE_SECONDS = 253;
export const OPCODE_SELECT_DB = 254;
export const OPCODE_EOF = 255;

// --- types of values -----------------------------------------------------------------------------------------------

export const RDB_STRING = 0;
export const RDB_LIST = 1;
export const RDB_SET = 2;
/** Scores as text. */
export const RDB_ZSET = 3;
export const RDB_HASH = 4;
/** Scores as doubles. */
export const RDB_ZSET_2 = 5;
export const RDB_MODULE = 6;
export const RDB_MODULE_2 = 7;
export const RDB_HASH_ZIPMAP = 9;
export const RDB_LIST_ZIPLIST = 10;
export const RDB_SET_INTSET = 11;
export const RDB_ZSET_ZIPLIST = 12;
export const RDB_HASH_ZIPLIST = 13;
export const RDB_LIST_QUICKLIST = 14;
export const RDB_STREAM_LISTPACKS = 15;
export const RDB_HASH_LISTPACK = 16;
export const RDB_ZSET_LISTPACK = 17;
export const RDB_LIST_QUICKLIST_2 = 18;
/** With the first ID, the largest deleted ID, and the number of entries ever added. */
export const RDB_STREAM_LISTPACKS_2 = 19;
export const RDB_SET_LISTPACK = 20;
/** With the time at which a consumer was last active. */
export const RDB_STREAM_LISTPACKS_3 = 21;
/** The last one that version 11 has. */
export const RDB_TYPE_LAST_OF_11 = RDB_STREAM_LISTPACKS_3;
/** Hashes whose fields expire, as release candidates of 7.4 wrote them; and as 7.4 does. */
export const RDB_HASH_METADATA_PRE_GA = 22;
export const RDB_HASH_LISTPACK_EX_PRE_GA = 23;
export const RDB_HASH_METADATA = 24;
export const RDB_HASH_LISTPACK_EX = 25;

/** Names of the types, by number, as redis-check-rdb prints them. */
export const RDB_TYPE_NAMES: readonly string[] = [
  "string",
  "list-linked",
  "set-hashtable",
  "zset-v1",
  "hash-hashtable",
  "zset-v2",
  "module-pre-release",
  "module-value",
  "",
  "hash-zipmap",
  "list-ziplist",
  "set-intset",
  "zset-ziplist",
  "hash-ziplist",
  "quicklist",
  "stream",
  "hash-listpack",
  "zset-listpack",
  "quicklist-v2",
  "stream-v2",
  "set-listpack",
  "stream-v3",
  "hash-hashtable-md-pre-release",
  "hash-listpack-md-pre-release",
  "hash-hashtable-md",
  "hash-listpack-md",
];

/** Whether a byte in a file announces a key, as far as this program knows. */
export function isObjectType(type: number): boolean {
  return RDB_TYPE_NAMES[type] !== undefined && RDB_TYPE_NAMES[type] !== "";
}

// --- lengths and strings -------------------------------------------------------------------------------------------

/** The two upper bits of the first byte of a length; where both are 0, the length is in the other six. */
export const LENGTH_14 = 0x40;
export const LENGTH_32 = 0x80;
export const LENGTH_64 = 0x81;
/** In the place of a string's length: how the string is encoded. */
export const ENCODED = 0xc0;
export const STRING_INT8 = 0xc0;
export const STRING_INT16 = 0xc1;
export const STRING_INT32 = 0xc2;
export const STRING_LZF = 0xc3;

/** What is inside the value of a module. */
export const MODULE_EOF = 0;
export const MODULE_SINT = 1;
export const MODULE_UINT = 2;
export const MODULE_FLOAT = 3;
export const MODULE_DOUBLE = 4;
export const MODULE_STRING = 5;

/** Nodes of a quicklist: one element as it is, or a listpack. */
export const QUICKLIST_PLAIN = 1;
export const QUICKLIST_PACKED = 2;
