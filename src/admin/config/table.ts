/**
 * Every directive of Redis 7.2, by name, and the TypeScript type that follows: `ConfigValues` has a property for each,
 * in camel case (proto-max-bulk-len is protoMaxBulkLen). CONFIG GET lists directives in this table's order.
 */

import { type Directive, EFFECTIVE } from "./directive";
import { clusterDirectives } from "./table-cluster";
import { dataDirectives } from "./table-data";
import { networkDirectives } from "./table-network";
import { serverDirectives } from "./table-server";

export const directives = {
  ...networkDirectives,
  ...serverDirectives,
  ...dataDirectives,
  ...clusterDirectives,
} as const;

type Table = typeof directives;

/** The names of all directives, without aliases. */
export type DirectiveName = keyof Table;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name extends `${infer Head}_${infer Tail}`
    ? `${Head}${Capitalize<CamelCase<Tail>>}`
    : Name;

type ValueOf<D> = D extends Directive<infer _Raw, infer Value> ? Value : never;

/** The current values. They change through Config.set and Config.assign only. */
export type ConfigValues = {
  readonly [Name in DirectiveName as CamelCase<Name>]: ValueOf<Table[Name]>;
};

/** The property of ConfigValues that holds the directive `name`. */
export function propertyOf(name: string): string {
  return name.replace(/[-_](.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The directives that are accepted, kept and shown, but that nothing acts on yet: the README lists them. */
export function directivesWithoutEffect(): string[] {
  return Object.entries<Directive>(directives)
    .filter(([, directive]) => (directive.flags & EFFECTIVE) === 0)
    .map(([name]) => name)
    .sort();
}
