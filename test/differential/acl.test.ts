/**
 * ACL beside real Redis. What users look like, and what they are told that they may not do, changed with 7.2, so most
 * cases compare with 8.0; 7.0 is asked for the rest.
 */

import { type Reply, text } from "../support/reply";
import {
  type Case,
  cmd,
  confirmed,
  type DetailedCase,
  differential,
  errorPrefix,
  ignore,
  matching,
  on,
  type StepLike,
  sameShape,
} from "./harness";

const CLEANUP = ["AUTH default x", "ACL DELUSER u v w x", "ACL SETUSER default on nopass +@all ~* &*", "ACL LOG RESET"];

/** As 8.0 says it, and 7.2. */
function as8(name: string, ...commands: readonly StepLike[]): DetailedCase {
  return { name, oracle: "redis8", commands, cleanup: CLEANUP };
}

function as7(name: string, ...commands: readonly StepLike[]): DetailedCase {
  return { name, commands, cleanup: CLEANUP };
}

/** What ACL SETUSER makes of these rules, each given to a new user. */
function rules(...lines: readonly string[]): StepLike[] {
  return lines.flatMap((line) => [`ACL SETUSER u ${line}`, "ACL GETUSER u", "ACL LIST", ignore("ACL DELUSER u")]);
}

/** A second connection as user u, who may do this. */
function as(line: string, ...commands: readonly string[]): StepLike[] {
  return [`ACL SETUSER u reset on nopass ${line}`, on("u", "AUTH u x"), ...commands.map((each) => on("u", each))];
}

const HASH = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

const setUser: Case[] = [
  as8(
    "commands that redbun does not have",
    ...rules("+@all -eval -script", "+psync +replconf +ping", "+cluster|slots -@scripting +EVAL", "+@all -@scripting"),
    ...rules("+multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info +client|kill +script|kill"),
    ...rules("-script|load", "+function|list", "+script|nosuch", "+sentinel", "-sentinel"),
  ),
  as8("the default user", "ACL LIST", "ACL USERS", "ACL WHOAMI", "ACL GETUSER default", "ACL GETUSER nobody"),
  as8("flags", ...rules("", "on", "off", "on off", "ON", "nopass", "nopass resetpass", "skip-sanitize-payload")),
  as8(
    "passwords",
    ...rules(">a", ">a >b >a", `#${HASH}`, ">secret <secret", `>secret !${HASH}`, ">a nopass", "nopass >a", "> <"),
    ...rules("<a", `!${HASH}`, "#", "#123", `#${HASH.toUpperCase()}`, `#${HASH}0`, "!1", ">a on >b resetpass"),
  ),
  as8(
    "keys",
    ...rules("~a ~b ~a", "~*", "allkeys", "~* resetkeys", "~a ~*", "~* ~a", "~a allkeys", "resetkeys ~a"),
    ...rules("%R~a %W~b %RW~c", "%r~a", "%R~a %W~a", "%R~a ~a", "%~a", "%", "%R", "%RR~a", "%X~a", "%R~*", "~"),
    ...rules('"~a b"', '"%R~a\\tb"', '"~a\\x00b"', "~* %R~a", '"~\\xff\\xfe"'),
  ),
  as8(
    "channels",
    ...rules("&a &b &a", "&*", "allchannels", "&* resetchannels", "&a &*", "&* &a", "resetchannels &a", "&"),
    ...rules('"&a b"', '"&\\xff"'),
  ),
  as8(
    "commands",
    ...rules("+get", "+GET -get +get", "+@all", "allcommands", "+@all nocommands", "+@all -get", "-@all +get -get"),
    ...rules("+@hash", "+@HASH -hget", "-hget +@hash", "+@hash -@hash", "+@hash +@string -@hash", "+@all -@all +get"),
    ...rules("+config", "+config|get", "+config|GET -config|get", "+config|get +config", "-config|set +config|get"),
    ...rules("+@all -config -config|get", "+@all +client|id", "+@all -@dangerous +config|get -config"),
    ...rules("+select|0", "+select|0 +select|1 +SELECT|0", "+select|0 +select", "+select|0 -select", "+select|a +@all"),
    ...rules("+@all +select|0", "+ping|A -@all", "+foo", "-foo", "+foo|bar", "+config|foo", "+config|get|x", "+get|"),
    ...rules("-config|", "-get|x", "-select|0", "+|", "+", "-", "+@", "-@", "+@foo", "+@all|x", "-@foo", "foo", "@all"),
    ...rules("+hget +@hash +hget", "+@hash +@read -@hash", "+client|id -client|id +client|id"),
  ),
  as8(
    "selectors",
    ...rules("(+get ~a)", "(+get ~a) (+set ~b)", '"(+get ~a)"', "( +get ~a )", "()", '"( )"', "(+get) clearselectors"),
    ...rules("(+get", "+get)", "(", ")", "(+get (+set))", "(on)", "(>a)", "(+foo)", "(~* ~a)", "(clearselectors)"),
    ...rules("(~a +get &b) ~c +set &d", "(%R~a +@all) on", "(+get ~a) reset", '"(+get \\"~a\\")"', "((+get))"),
    ...rules("(a (b c)", "(+get ~a ) +set", "(+select|0)"),
  ),
  as8("reset", ...rules("on >a ~* &* +@all (+get) reset", "reset on", "skip-sanitize-payload reset")),
  as8(
    "all rules are applied, or none",
    "ACL SETUSER u on +get ~a",
    "ACL SETUSER u off +set ~b +foo",
    "ACL GETUSER u",
    "ACL SETUSER v +get foo",
    "ACL USERS",
  ),
  as8(
    "names",
    'ACL SETUSER "a b"',
    'ACL SETUSER "a\\x00"',
    'ACL SETUSER "a\\n" on',
    'ACL SETUSER "a\\x0b" on',
    'ACL SETUSER "" on',
    'ACL SETUSER "\\xff" on',
    "ACL SETUSER U on",
    "ACL SETUSER u on",
    "ACL USERS",
    'ACL DELUSER "" "\\xff" U',
  ),
  as8(
    "a user of the wrong kind of argument",
    cmd("ACL", "SETUSER", "u", "+get\0x"),
    cmd("ACL", "SETUSER", "u", "foo\0bar"),
    cmd("ACL", "SETUSER", "u", ">a\0b"),
    cmd("ACL", "SETUSER", "u", "on\0off"),
    "ACL GETUSER u",
  ),
];

const others: Case[] = [
  as7(
    "DELUSER",
    "ACL SETUSER u on",
    "ACL DELUSER u u v",
    "ACL DELUSER default",
    "ACL DELUSER u default",
    "ACL DELUSER",
  ),
  as7("CAT", "ACL CAT", "ACL CAT foo", "ACL CAT @read", "ACL CAT all", "ACL CAT read write", sameShape("ACL CAT")),
  as7(
    "GENPASS",
    matching(/^[0-9a-f]{64}$/, "ACL GENPASS"),
    matching(/^[0-9a-f]$/, "ACL GENPASS 1"),
    matching(/^[0-9a-f]{2}$/, "ACL GENPASS 5"),
    matching(/^[0-9a-f]{1024}$/, "ACL GENPASS 4096"),
    "ACL GENPASS 0",
    "ACL GENPASS 4097",
    "ACL GENPASS -1",
    "ACL GENPASS x",
    "ACL GENPASS 1 2",
  ),
  as7("HELP, and what is no subcommand", "ACL HELP", "ACL", "ACL FOO", "ACL LIST x", "ACL USERS x", "ACL WHOAMI x"),
  as7("too few, too many", "ACL GETUSER", "ACL GETUSER a b", "ACL SETUSER", "ACL DRYRUN u get", "ACL LOG 1 2"),
  as7("without a file", "ACL LOAD", "ACL SAVE"),
  as8(
    "DRYRUN",
    "ACL SETUSER u +get +config|get +select|1 %R~r* %W~w* &c* +@pubsub +bitfield +set +mset +sort +zunionstore",
    "ACL DRYRUN u get r",
    "ACL DRYRUN u GET w",
    "ACL DRYRUN u get x",
    "ACL DRYRUN u set w v",
    "ACL DRYRUN u set w v GET",
    "ACL DRYRUN u set r v",
    "ACL DRYRUN u mset w1 a w2 b",
    "ACL DRYRUN u mset w1 a x b",
    "ACL DRYRUN u bitfield r GET u8 0",
    "ACL DRYRUN u bitfield r SET u8 0 1",
    "ACL DRYRUN u sort r",
    "ACL DRYRUN u sort r STORE w",
    "ACL DRYRUN u sort r STORE x",
    "ACL DRYRUN u zunionstore w 2 r1 r2",
    "ACL DRYRUN u zunionstore w 2 r1 x",
    "ACL DRYRUN u zunionstore x 2 r1 x",
    "ACL DRYRUN u zunionstore w a r1 x",
    "ACL DRYRUN u config get x",
    "ACL DRYRUN u config set x y",
    "ACL DRYRUN u config foo",
    "ACL DRYRUN u config",
    "ACL DRYRUN u config|get x",
    "ACL DRYRUN u select 1",
    "ACL DRYRUN u select 0",
    "ACL DRYRUN u publish c m",
    "ACL DRYRUN u publish d m",
    "ACL DRYRUN u subscribe c1 c2 d",
    "ACL DRYRUN u psubscribe c*",
    "ACL DRYRUN u psubscribe c",
    "ACL DRYRUN u spublish d x",
    "ACL DRYRUN u ssubscribe c d",
    "ACL DRYRUN u unsubscribe d",
    "ACL DRYRUN u auth a",
    "ACL DRYRUN u foo",
    "ACL DRYRUN u get",
    "ACL DRYRUN v get r",
    "ACL DRYRUN default get r",
  ),
  as8(
    "DRYRUN with selectors names what came furthest",
    'ACL SETUSER u +get ~a (+set ~b) (+mget ~c &x) (+publish &y) "(+psubscribe &z*)"',
    "ACL DRYRUN u get b",
    "ACL DRYRUN u set a v",
    "ACL DRYRUN u set b v",
    "ACL DRYRUN u mget c a",
    "ACL DRYRUN u mget a c",
    "ACL DRYRUN u publish x m",
    "ACL DRYRUN u publish y m",
    "ACL DRYRUN u psubscribe z* zz*",
    "ACL DRYRUN u del a",
  ),
];

const checks: Case[] = [
  as8(
    "commands",
    ...as(
      "+get +config|get ~*",
      "GET k",
      "SET k v",
      "CONFIG GET maxclients",
      "CONFIG SET port 1",
      "ACL WHOAMI",
      "PING",
    ),
    ...as("+@all -config ~*", "CONFIG GET x", "SET k v", "CONFIG", "CONFIG FOO", "FOO", "GET"),
    ...as("+select|0 +select|2", "SELECT 0", "SELECT 1", "SELECT 2", "SELECT"),
    ...as("-@all", "AUTH u x", "HELLO 4", "QUIT"),
  ),
  as8(
    "keys",
    ...as("+@all %R~r* %W~w* ~b*", "GET r", "GET w", "GET b", "GET x", "SET r 1", "SET w 1", "SET b 1", "SET w 2 GET"),
    ...as("+@all %R~r* %W~w* ~b*", "APPEND w x", "INCR b1", "COPY r w", "COPY w r", "RENAME b b2", "RENAME b2 r"),
    ...as("+@all %R~r* %W~w* ~b*", "EXISTS r", "EXISTS w", "EXISTS x", "TYPE r", "TTL x", "OBJECT ENCODING r"),
    ...as("+@all %R~r* %W~w* ~b*", "LPUSH w 1", "LPOP w", "LMOVE b w LEFT LEFT", "LMOVE w b LEFT LEFT", "DEL w r"),
    ...as("+@all %R~r* %W~w* ~b*", "XREAD STREAMS r 0", "XREAD STREAMS r x 0 0", "DBSIZE", "SWAPDB 0 1"),
    ...as("+@all ~a*b ~[xy]? ~\\*z", "GET ab", "GET a1b", "GET ac", "GET x1", "GET z1", "GET *z", "GET az", 'GET ""'),
  ),
  as8(
    "channels",
    ...as("+@all ~* &c* &p.*", "PUBLISH c1 x", "PUBLISH d x", "SPUBLISH d x", "SUBSCRIBE d", "SUBSCRIBE c d"),
    ...as("+@all ~* &c* &p.*", "PSUBSCRIBE c?", "SSUBSCRIBE d", "PUBSUB CHANNELS"),
    confirmed(2, on("u", "SUBSCRIBE c1 c2")),
    confirmed(1, on("u", "PSUBSCRIBE p.*")),
    confirmed(1, on("u", "UNSUBSCRIBE d")),
  ),
  as8(
    "SORT with patterns needs all keys",
    "RPUSH l 3 1 2",
    ...as(
      "+sort ~l",
      "SORT l",
      "SORT l BY w_*",
      "SORT l GET w_*",
      "SORT l BY nosort",
      "SORT l GET #",
      "SORT l BY a GET",
    ),
    ...as("+sort %R~*", "SORT l BY w_*", "SORT l GET w_*", "SORT l STORE m"),
    ...as("+sort %W~*", "SORT l", "SORT l BY w_*"),
    ...as("+sort ~l (+sort ~*)", "SORT l BY w_* GET #"),
    ...as("+sort ~l (+get ~*)", "SORT l BY w_* GET #"),
    ...as("+sort_ro ~l", "SORT_RO l GET *", "SORT_RO l"),
  ),
  as8(
    "transactions",
    ...as("+multi +exec +get +set +discard ~a", "MULTI", "GET b", "GET a", "EXEC", "MULTI", "DEL a", "DISCARD"),
    ...as("+multi +exec +get +set ~a", "MULTI", "GET a", "SET a 1"),
    "ACL SETUSER u -set",
    on("u", "EXEC"),
    on("u", "MULTI"),
    on("u", "GET a"),
    "ACL SETUSER u resetkeys",
    on("u", "EXEC"),
    "ACL SETUSER u ~a +publish &c",
    on("u", "MULTI"),
    on("u", "PUBLISH c m"),
    "ACL SETUSER u resetchannels",
    on("u", "EXEC"),
    on("u", "MULTI"),
    "ACL SETUSER u -exec",
    on("u", "EXEC"),
    on("u", "GET a"),
  ),
  as8(
    "logging in",
    "ACL SETUSER u on >p ~*",
    on("u", "AUTH u q"),
    on("u", "AUTH u p"),
    on("u", "ACL WHOAMI"),
    on("u", "AUTH default anything"),
    on("u", "ACL WHOAMI"),
    on("u", "AUTH nobody p"),
    on("u", "AUTH p"),
    on("u", "AUTH a b c"),
    on("u", "AUTH"),
    "ACL SETUSER u off",
    on("u", "AUTH u p"),
    "ACL SETUSER u on nopass",
    on("u", "AUTH u whatever"),
    "ACL SETUSER u resetpass",
    on("u", "AUTH u whatever"),
    on("u", "AUTH u p"),
    "ACL SETUSER u >p >q +@all",
    on("u", "AUTH u q"),
    errorPrefix(on("u", "HELLO 3 AUTH u r")),
    errorPrefix(on("u", "HELLO 3 AUTH nobody r")),
    on("u", "AUTH u p"),
    on("u", "ACL WHOAMI"),
    on("u", "RESET"),
    on("u", "ACL WHOAMI"),
  ),
  {
    ...as8(
      "a default user with a password, and one that is off",
      "ACL SETUSER default >p",
      on("new", "GET k"),
      on("new", "HELLO"),
      on("new", "ACL WHOAMI"),
      on("new", "AUTH q"),
      on("new", "AUTH p"),
      on("new", "GET k"),
      "ACL SETUSER default nopass",
      on("new", "AUTH p"),
      on("new", "AUTH default p"),
      "ACL SETUSER u on nopass +@all ~*",
      "AUTH u x",
      "ACL SETUSER default off",
      on("other", "GET k"),
      on("other", "AUTH default x"),
      on("other", "AUTH u x"),
      on("other", "GET k"),
      on("new", "GET k"),
      "ACL SETUSER default on",
    ),
    // A connection of RESP3 begins with HELLO.
    protocols: [2],
  },
  as8(
    "CONFIG SET requirepass is the default user's password",
    "CONFIG SET requirepass p",
    "ACL LIST",
    "CONFIG SET requirepass q",
    "ACL LIST",
    "CONFIG GET requirepass",
    "ACL SETUSER default >r",
    "CONFIG GET requirepass",
    'CONFIG SET requirepass ""',
    "ACL LIST",
  ),
  as8(
    "clients of a user that is deleted are gone",
    ...as("+@all ~*", "GET k"),
    "ACL DELUSER u",
    on("u", "GET k"),
    ...["ACL SETUSER v on nopass +@all ~*", "AUTH v x"],
    "ACL DELUSER v",
  ),
  as8(
    "subscribers lose their connection with the channel",
    "ACL SETUSER u on nopass +@all &a* &b*",
    on("s", "AUTH u x"),
    confirmed(1, on("s", "SUBSCRIBE a1")),
    on("t", "AUTH u x"),
    confirmed(1, on("t", "PSUBSCRIBE b*")),
    "ACL SETUSER u &c",
    on("t", "PING"),
    "ACL SETUSER u resetchannels &a*",
    on("t", "PING"),
    on("s", "PING"),
    "ACL SETUSER u resetchannels (&a* +get)",
    on("s", "PING"),
    "ACL SETUSER u clearselectors",
    on("s", "PING"),
  ),
];

const LOG_FIELDS = /^(count|reason|context|object|username|entry-id)$/;
/** Of the client. */
const CLIENT_FIELDS = / (?:flags|db|multi|qbuf|argv-mem|cmd|user|resp)=\S*/g;

/** What does not vary of ACL LOG's entries, as one text. */
function summary(reply: Reply): string {
  if (reply.type !== "array") throw new Error("not a list of entries");
  const entries = reply.items.map((entry) => {
    const flat = entry.type === "map" ? entry.entries.flat() : entry.type === "array" ? entry.items : [];
    const fields: string[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const name = text(flat[i]);
      if (LOG_FIELDS.test(name)) fields.push(`${name}=${text(flat[i + 1])}`);
      else if (name === "client-info") fields.push(...(text(flat[i + 1]).match(CLIENT_FIELDS) ?? []));
      else fields.push(name);
    }
    return fields.join(" ");
  });
  return entries.join("\n");
}

/** ACL LOG, but for times, addresses and memory. */
function log(command = "ACL LOG 100"): StepLike {
  return {
    command,
    compare: (ours, theirs) => {
      const [a, b] = [summary(ours), summary(theirs)];
      return a === b ? undefined : `the logs differ:\n${a}\n---\n${b}`;
    },
  };
}

const logs: Case[] = [
  as8(
    "ACL LOG",
    "ACL LOG",
    ...as("+get +multi +exec +publish ~a", "GET b", "SET a 1", "GET b", "GET c", "PUBLISH c m", "CONFIG GET x"),
    on("u", "AUTH nobody x"),
    on("u", "auth u"),
    on("u", "MULTI"),
    on("u", "GET b"),
    on("u", "SET a 1"),
    on("u", "EXEC"),
    log(),
    log("ACL LOG 2"),
    log("ACL LOG 0"),
    log("ACL LOG -1"),
    "ACL LOG x",
    "ACL LOG 1.5",
    "ACL LOG RESET",
    "acl log reset",
    log(),
  ),
  as8(
    "its length",
    "CONFIG SET acllog-max-len 3",
    ...as("+get ~a", "GET 1", "GET 2", "GET 3", "GET 4", "GET 2"),
    log(),
    "CONFIG SET acllog-max-len 1",
    log(),
    on("u", "GET 9"),
    log(),
    "CONFIG SET acllog-max-len 0",
    log(),
    on("u", "GET 9"),
    log(),
    "CONFIG SET acllog-max-len 128",
  ),
  as8(
    "entries are looked for among the ten newest",
    ...as("+get ~a", ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 11, 2].map((key) => `GET ${key}`)),
    log(),
  ),
];

differential("acl setuser", { cases: setUser });
differential("acl", { cases: others });
differential("acl checks", { cases: checks });
differential("acl log", { cases: logs });
differential("acl-pubsub-default allchannels", {
  args: ["--acl-pubsub-default", "allchannels"],
  cases: [
    as8("new users and selectors", ...rules("", "&a", "resetchannels &a", "reset", "(+get)", "(&a)", "reset &a")),
  ],
});
